import { gather, image, reshape, type Tensor, type Tensor4D, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable.js';
import { requireFeatures, requireSize } from '../features.js';
import { mapAxes } from './resize.js';

/**
 * Resize of the spatial axes by copies of the nearest pixel, with half-pixel centers: output i is input ⌊(i + ½)·from/to⌋. Equal
 * to PyTorch's `interpolate(…, mode='nearest-exact')`.
 *
 * Its gradient adds up all copies of a pixel, on every backend (that of tfjs's own `resizeNearestNeighbor` is wrong for
 * half-pixel centers).
 *
 * @param x `[batch, height, width, channels]` or `[batch, depth, height, width, channels]`, float32.
 * @param size The new spatial size, `[height, width]` or `[depth, height, width]`, in pixels, each ≥ 1.
 * @returns `[batch, ...size, channels]`.
 * @throws {ShapeError} if `x` has another rank.
 * @throws {ValueError} if `size` has not one integer ≥ 1 per spatial axis, or `x` is not float32.
 * @example
 * const large = resizeNearest(features, [65, 64]);   // [1, 33, 32, 3] -> [1, 65, 64, 3]
 */
export function resizeNearest(x: Tensor, size: readonly number[]): Tensor {
  requireFeatures('resizeNearest', x);
  const inputSize = x.shape.slice(1, -1);
  requireSize('resizeNearest', size, inputSize.length);
  if (size.every((n, axis) => n === inputSize[axis])) return x.clone();
  return differentiable([x], {
    forward: (input) => ({ value: copyNearest(input, size), saved: [] }),
    backward: (dy) => [tidy(() => mapAxes(dy, inputSize, (from, to) => copyMatrix(to, from)))],
  });
}

/** Which input an output copies, in whole numbers. */
function sourceOf(i: number, from: number, to: number): number {
  return Math.floor(((2 * i + 1) * from) / (2 * to));
}

/** Which input every output copies, as a matrix of zeros and ones, row-major `[to, from]`. */
function copyMatrix(from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) matrix[i * from + sourceOf(i, from, to)] = 1;
  return matrix;
}

/** `resizeNearest` without its checks and its gradient. */
export function copyNearest(x: Tensor, size: readonly number[]): Tensor {
  const [batch, channels] = [x.shape[0]!, x.shape.at(-1)!];
  const picked = size.reduce((y, to, axis) => pickTied(y, axis + 1, to), x);
  const [height, width] = picked.shape.slice(-3, -1) as [number, number];
  const [newHeight, newWidth] = size.slice(-2) as [number, number];
  const slices = picked.size / (height * width * channels);
  const planes = resizePlanes(reshape(picked, [slices, height, width, channels]), [newHeight, newWidth]);
  if (size.length === 2) return planes;
  const positions = newHeight * newWidth;
  const volume: Tensor4D = reshape(planes, [batch, picked.shape[1]!, positions, channels]);
  return reshape(resizePlanes(volume, [size[0]!, positions]), [batch, ...size, channels]);
}

/**
 * Resizes an axis whose output has centers exactly between two pixels: there backends round as they please, so the pixels are
 * picked one by one. Leaves other axes as they are.
 */
function pickTied(x: Tensor, axis: number, to: number): Tensor {
  const from = x.shape[axis]!;
  const outputs = Array.from({ length: to }, (_, i) => i);
  if (from === to || !outputs.some((i) => ((2 * i + 1) * from) % (2 * to) === 0)) return x;
  const sources = outputs.map((i) => sourceOf(i, from, to));
  return gather(x, tensor1d(sources, 'int32'), axis);
}

function resizePlanes(x: Tensor4D, size: [number, number]): Tensor4D {
  return x.shape[1] === size[0] && x.shape[2] === size[1]
    ? x
    : image.resizeNearestNeighbor(x, size, false, true);
}
