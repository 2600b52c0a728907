import type { TensorInfo } from '@tensorflow/tfjs-core';

import { bytesOf, SIZES } from './layout.js';
import type { NativeModule } from './module.js';

/** Tasks that a resize falls into, at most: enough to share among threads. */
const MAX_TASKS = 64;

const ENTRY = SIZES.AXIS_ENTRY;

/** Two dimensions are depth 1. */
type Size3 = readonly [depth: number, height: number, width: number];

/**
 * Linear resize with half-pixel centers, clamped at the edges, without antialiasing.
 *
 * x `[batch, ...spatial, channels]` with two or three spatial axes, result `[batch, ...size, channels]`.
 */
export function resize(native: NativeModule, x: TensorInfo, size: readonly number[]): TensorInfo {
  const [batch, from, channels] = parts(x.shape);
  const y = native.output([batch, ...size, channels]);
  const to = size3(size);
  const rows = batch * to[0] * to[1];
  const at = native.reserve({
    args: bytesOf('ResizeArgs'),
    depth: to[0] * ENTRY,
    height: to[1] * ENTRY,
    width: to[2] * ENTRY,
  });
  native.exports.fillAxis(at.depth, from[0], to[0]);
  native.exports.fillAxis(at.height, from[1], to[1]);
  native.exports.fillAxis(at.width, from[2], to[2]);
  const tasks = writeArgs(native, at, {
    coarse: native.address(x),
    fine: native.address(y),
    from,
    to,
    channels,
    rows,
  });
  native.run('resize', at.args, tasks);
  return y;
}

/** Transpose of `resize`: dy `[batch, ...size, channels]` to `[batch, ...inputSize, channels]`. */
export function resizeGrad(native: NativeModule, dy: TensorInfo, inputSize: readonly number[]): TensorInfo {
  const [batch, to, channels] = parts(dy.shape);
  const dx = native.output([batch, ...inputSize, channels]);
  const from = size3(inputSize);
  const rows = batch * from[0] * from[1];
  const scratchStride = Math.ceil((to[2] * channels) / 16) * 64;
  const at = native.reserve({
    args: bytesOf('ResizeArgs'),
    axis: Math.max(...to) * ENTRY,
    scratch: native.threads * scratchStride,
    depth: inverseBytes(from[0], to[0]),
    height: inverseBytes(from[1], to[1]),
    width: inverseBytes(from[2], to[2]),
  });
  [at.depth, at.height, at.width].forEach((inverse, axis) => {
    native.exports.fillAxis(at.axis, from[axis]!, to[axis]!);
    native.exports.invertAxis(at.axis, inverse, from[axis]!, to[axis]!);
  });
  const tasks = writeArgs(native, at, {
    coarse: native.address(dx),
    fine: native.address(dy),
    from,
    to,
    channels,
    rows,
    scratchStride,
  });
  native.run('resizeGradient', at.args, tasks);
  return dx;
}

/** Batch, spatial size in three dimensions, channels. */
function parts(shape: readonly number[]): [number, Size3, number] {
  return [shape[0]!, size3(shape.slice(1, -1)), shape.at(-1)!];
}

/** A spatial size in three dimensions. */
export function size3(size: readonly number[]): Size3 {
  const [depth, height, width] = size.length === 3 ? size : [1, ...size];
  return [depth!, height!, width!];
}

/** An inverted axis: one entry per input position and its weights, two per output and at most two more per input. */
export function inverseBytes(inSize: number, outSize: number): number {
  return inSize * (ENTRY + 8) + outSize * 8;
}

/** Writes `ResizeArgs` and says how many tasks there are. */
function writeArgs(
  native: NativeModule,
  at: Readonly<Record<'args' | 'depth' | 'height' | 'width', number>> & { readonly scratch?: number },
  resize: {
    readonly coarse: number;
    readonly fine: number;
    readonly from: Size3;
    readonly to: Size3;
    readonly channels: number;
    readonly rows: number;
    readonly scratchStride?: number;
  },
): number {
  const { coarse, fine, from, to, channels, rows, scratchStride = 0 } = resize;
  const grain = Math.max(1, Math.ceil(rows / MAX_TASKS));
  native.write('ResizeArgs', at.args, {
    coarse,
    fine,
    depthTable: at.depth,
    heightTable: at.height,
    widthTable: at.width,
    inDepth: from[0],
    inHeight: from[1],
    inWidth: from[2],
    outDepth: to[0],
    outHeight: to[1],
    outWidth: to[2],
    channels,
    rows,
    grain,
    scratch: at.scratch ?? 0,
    scratchStride,
  });
  return Math.ceil(rows / grain);
}
