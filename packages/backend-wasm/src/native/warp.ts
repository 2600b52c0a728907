import type { FullSampling } from '@sshn/ops';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { bytesOf, SIZES } from './layout.js';
import { type NativeModule, sizeOf } from './module.js';

/** Tasks that the rows fall into, at most: enough to share among threads. */
const MAX_TASKS = 64;

/** Slabs that a gradient to an image falls into, for each thread; their number does not show in the result. */
const SLABS_PER_THREAD = 4;

/** The numbers of paddings. */
const PADDINGS = {
  border: SIZES.PADDING_BORDER,
  zeros: SIZES.PADDING_ZEROS,
  reflect: SIZES.PADDING_REFLECT,
} as const;

/** Image `[batch, ...size, channels]` at the places of field `[batch, ...spatial, rank]`: `[batch, ...spatial, channels]`. */
export function warp(
  native: NativeModule,
  { image, field }: { readonly image: TensorInfo; readonly field: TensorInfo },
  sampling: FullSampling,
): TensorInfo {
  const warped = native.output([...field.shape.slice(0, -1), image.shape.at(-1)!], image.dtype);
  const job = prepare(native, { field, imageShape: image.shape }, sampling);
  job.point({ image: native.address(image), warped: native.address(warped) });
  native.run('warp', job.args, job.tasks);
  return warped;
}

/** The gradient to the field from dy `[batch, ...spatial, channels]`; zeros where the nearest voxel is taken. */
export function warpGradField(
  native: NativeModule,
  { dy, image, field }: { readonly dy: TensorInfo; readonly image: TensorInfo; readonly field: TensorInfo },
  sampling: FullSampling,
): TensorInfo {
  const gradient = native.output(field.shape);
  if (sampling.interpolation === 'nearest') {
    const start = native.address(gradient) / 4;
    native.floats().fill(0, start, start + sizeOf(field.shape));
    return gradient;
  }
  const job = prepare(native, { field, imageShape: image.shape }, sampling);
  job.point({
    image: native.address(image),
    warped: native.address(dy),
    fieldGradient: native.address(gradient),
  });
  native.run('warpGradientField', job.args, job.tasks);
  return gradient;
}

/**
 * The gradient to an image of size `inputSize` from dy `[batch, ...spatial, channels]`.
 *
 * Each task owns a slab of the image, so nothing is added from two sides; a voxel adds its places in the same order for
 * any number of threads.
 */
export function warpGradImage(
  native: NativeModule,
  {
    dy,
    field,
    inputSize,
  }: { readonly dy: TensorInfo; readonly field: TensorInfo; readonly inputSize: readonly number[] },
  sampling: FullSampling,
): TensorInfo {
  const batch = dy.shape[0]!;
  const imageShape = [batch, ...inputSize, dy.shape.at(-1)!];
  const gradient = native.output(imageShape);
  const slabs = Math.min(inputSize[0]!, Math.ceil((SLABS_PER_THREAD * native.threads) / batch));
  const job = prepare(native, { field, imageShape, slabs }, sampling);
  job.point({ image: native.address(gradient), warped: native.address(dy) });
  native.run('warpRanges', job.args, job.tasks);
  native.run('warpGradientImage', job.args, batch * slabs);
  return gradient;
}

/** Addresses that a job reads and writes. */
interface Operands {
  readonly image: number;
  readonly warped: number;
  readonly fieldGradient?: number;
}

/** Reserves scratch and writes `WarpArgs` but for the addresses of the operands, which `point` sets. */
function prepare(
  native: NativeModule,
  {
    field,
    imageShape,
    slabs = 0,
  }: { readonly field: TensorInfo; readonly imageShape: readonly number[]; readonly slabs?: number },
  { interpolation, padding }: FullSampling,
): { readonly args: number; readonly tasks: number; point(operands: Operands): void } {
  const rank = field.shape.at(-1)!;
  const from = size3(imageShape.slice(1, -1));
  const to = size3(field.shape.slice(1, -1));
  const rows = field.shape[0]! * to[0] * to[1];
  const grain = Math.max(1, Math.ceil(rows / MAX_TASKS));
  const scratchStride = Math.ceil((SIZES.PLAN_LISTS * Math.ceil(to[2] / 4) * 16) / 64) * 64;
  const at = native.reserve({
    args: bytesOf('WarpArgs'),
    scratch: native.threads * scratchStride,
    ranges: slabs > 0 ? rows * SIZES.RANGE_BYTES : 0,
  });
  const point = ({ image, warped, fieldGradient = 0 }: Operands): void => {
    native.write('WarpArgs', at.args, {
      image,
      field: native.address(field),
      warped,
      fieldGradient,
      rank,
      channels: imageShape.at(-1)!,
      inDepth: from[0],
      inHeight: from[1],
      inWidth: from[2],
      outDepth: to[0],
      outHeight: to[1],
      outWidth: to[2],
      rows,
      grain,
      isNearest: interpolation === 'nearest' ? 1 : 0,
      padding: PADDINGS[padding],
      scratch: at.scratch,
      scratchStride,
      ranges: at.ranges,
      slabs,
    });
  };
  return { args: at.args, tasks: Math.ceil(rows / grain), point };
}

function size3(size: readonly number[]): readonly [depth: number, height: number, width: number] {
  const [depth, height, width] = size.length === 3 ? size : [1, ...size];
  return [depth!, height!, width!];
}
