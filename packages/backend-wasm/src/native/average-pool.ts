import type { AvgPoolAttrs, TensorInfo } from '@tensorflow/tfjs-core';
import { type MakeKernel, type NativeModule, sizeOf } from './module.js';

/** Tasks that an axis falls into, at most: enough to share among threads. */
const MAX_TASKS = 64;

/** Means over adaptive windows, `size` of them: x `[batch, ...spatial, channels]` to `[batch, ...size, channels]`. */
export function averagePool(native: NativeModule, x: TensorInfo, size: readonly number[]): TensorInfo {
  // The last axis first: it leaves least to the others, and has most to share among threads.
  return size.reduceRight(
    (y, n, i) => alongAxis(native, 'windowMeans', y, i + 1, n),
    native.share(x, x.shape),
  );
}

/** The transpose of `averagePool`: dy `[batch, ...size, channels]` to `[batch, ...inputSize, channels]`. */
export function averagePoolGrad(
  native: NativeModule,
  dy: TensorInfo,
  inputSize: readonly number[],
): TensorInfo {
  return inputSize.reduce(
    (x, n, i) => alongAxis(native, 'windowMeansGradient', x, i + 1, n),
    native.share(dy, dy.shape),
  );
}

/** A tensor with `length` positions along an axis, made from `given`, which is released. */
function alongAxis(
  native: NativeModule,
  job: 'windowMeans' | 'windowMeansGradient',
  given: TensorInfo,
  axis: number,
  length: number,
): TensorInfo {
  const before = given.shape[axis]!;
  if (before === length) return given;
  const made = native.output(given.shape.with(axis, length));
  const isForward = job === 'windowMeans';
  const [large, small, from, to] = isForward ? [given, made, before, length] : [made, given, length, before];
  const outer = sizeOf(given.shape.slice(0, axis));
  const grain = Math.ceil(outer / MAX_TASKS) || 1;
  const [x, y] = [native.address(large), native.address(small)];
  const values = { x, y, outer, from, to, inner: sizeOf(given.shape.slice(axis + 1)), grain };
  native.start(job, values, Math.ceil(outer / grain));
  native.release(given);
  return made;
}

/** tfjs' average pooling where windows lie side by side and leave nothing over; else that of tfjs, on one thread. */
export const tfjsAveragePool: MakeKernel = (native, previous) => (call) => {
  const x = call.inputs.x!;
  const { filterSize, strides, pad } = call.attrs as unknown as AvgPoolAttrs;
  const [window, step] = [filterSize, strides].map((n) => (typeof n === 'number' ? [n, n] : n));
  const size = window!.map((n, axis) => x.shape[axis + 1]! / n);
  const isCovered = pad === 'valid' && x.dtype === 'float32' && `${window}` === `${step}`;
  return isCovered && size.every(Number.isInteger) ? averagePool(native, x, size) : previous!(call);
};
