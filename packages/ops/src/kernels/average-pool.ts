import {
  avgPool,
  concat,
  mul,
  ones,
  reshape,
  slice,
  type Tensor,
  type Tensor4D,
  tidy,
} from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable.js';
import { requireFeatures, requireSize } from '../features.js';
import { dispatcher, type Kernel, type KernelRules, type TensorShape } from './contract.js';
import { mapAxes, onGrid, transposed } from './resize.js';
import { copyNearest } from './resize-nearest.js';

/** Kernels of averages over adaptive windows: output i of m sees inputs ⌊i·n/m⌋ … ⌈(i+1)·n/m⌉ − 1 of n. */
export interface AveragePoolKernels {
  /** The mean of every window, `size` of them. */
  SshnAveragePool: Kernel<'x', { readonly size: readonly number[] }>;
  /** Its transpose, to the spatial size `inputSize`. */
  SshnAveragePoolGrad: Kernel<'dy', { readonly inputSize: readonly number[] }>;
}

const dispatch = /* @__PURE__ */ dispatcher<AveragePoolKernels>();

/**
 * Averages features over as many windows as asked for: output i along an axis of n pixels is the mean of inputs
 * ⌊i·n/m⌋ … ⌈(i+1)·n/m⌉ − 1, where m is the new size. Works for m > n too, where windows repeat pixels.
 *
 * @param x `[batch, height, width, channels]` or `[batch, depth, height, width, channels]`, float32.
 * @param size `[height, width]` or `[depth, height, width]`, in pixels, each ≥ 1.
 * @returns `[batch, ...size, channels]`.
 * @throws {ShapeError} if `x` has another rank.
 * @throws {ValueError} if `size` has not one integer ≥ 1 per spatial axis, or `x` is not float32.
 * @example
 * const y = applyAdaptiveAverage(x, [2, 3]);   // [1, 65, 64, 8] -> [1, 2, 3, 8]
 *
 * *Source*: PyTorch's `AdaptiveAvgPool2d`; He et al., "Spatial pyramid pooling in deep convolutional networks" (2014).
 */
export function applyAdaptiveAverage(x: Tensor, size: readonly number[]): Tensor {
  requireFeatures('adaptive average pooling', x);
  const inputSize = x.shape.slice(1, -1);
  requireSize('adaptive average pooling', size, inputSize.length);
  if (size.every((n, axis) => n === inputSize[axis])) return x.clone();
  return differentiable([x], {
    forward: (input) => ({
      value: dispatch('SshnAveragePool', { x: input }, { size: [...size] }, () => average(input, size)),
      saved: [],
    }),
    backward: (dy) => [
      dispatch('SshnAveragePoolGrad', { dy }, { inputSize }, () => averageTransposed(dy, inputSize)),
    ],
  });
}

function average(x: Tensor, size: readonly number[]): Tensor {
  return tidy(() => {
    if (size.every((n) => n === 1)) return reshape(channelMean(x), [x.shape[0]!, ...size, x.shape.at(-1)!]);
    if (dividesEvenly(x.shape.slice(1, -1), size)) return poolEvenly(x, size);
    return size.reduce((y, n, axis) => averageAlong(y, axis + 1, n), x);
  });
}

/** The most windows along an axis that are averaged one by one; more take a product with a matrix. */
const fewWindows = 16;

/** Averages along one axis alone. Windows one by one need no transposed copy of the features, as a product does. */
function averageAlong(x: Tensor, axis: number, to: number): Tensor {
  const from = x.shape[axis]!;
  if (from === to) return x;
  if (to > Math.min(from, fewWindows)) {
    const size = x.shape.slice(1, -1).map((n, i) => (i + 1 === axis ? to : n));
    return mapAxes(x, size, averagingMatrix);
  }
  const product = (sizes: readonly number[]) => sizes.reduce((all, n) => all * n, 1);
  const channels = x.shape.at(-1)!;
  const [outer, inner] = [product(x.shape.slice(0, axis)), product(x.shape.slice(axis + 1, -1))];
  const flat: Tensor4D = reshape(x, [outer, from, inner, channels]);
  const means = Array.from({ length: to }, (_, i) => {
    const [begin, end] = adaptiveWindow(i, from, to);
    return poolPlanes(slice(flat, [0, begin, 0, 0], [outer, end - begin, inner, channels]), [end - begin, 1]);
  });
  const shape = x.shape.map((n, i) => (i === axis ? to : n));
  return reshape(means.length === 1 ? means[0]! : concat(means, 1), shape);
}

function averageTransposed(dy: Tensor, inputSize: readonly number[]): Tensor {
  return tidy(() => {
    const size = dy.shape.slice(1, -1);
    if (!dividesEvenly(inputSize, size))
      return mapAxes(dy, inputSize, (from, to) => transposed(averagingMatrix(to, from), to));
    const share = size.reduce((product, n, axis) => (product * n) / inputSize[axis]!, 1);
    return copyNearest(mul(dy, share), inputSize);
  });
}

/** The mean over all positions with its gradient, `[batch, ...spatial, channels]` → `[batch, 1, …, 1, channels]`. */
export function applyGlobalAverage(x: Tensor): Tensor {
  const { shape } = x;
  const one = shape.map((n, axis) => (axis === 0 || axis === shape.length - 1 ? n : 1));
  const positions = x.size / (shape[0]! * shape.at(-1)!);
  return differentiable([x], {
    forward: (input) => ({ value: reshape(channelMean(input), one), saved: [] }),
    // A product with ones: `tile` is several times slower.
    backward: (dy) => [tidy(() => mul(ones(shape), mul(dy, 1 / positions)))],
  });
}

/**
 * The mean over all positions, image by image and channel by channel. Not differentiable.
 *
 * By average pooling in two passes, which is the fastest reduction that backends have for channels-last arrays (on wasm
 * 100 times faster than a product with ones) and more precise than one running sum.
 *
 * @param x `[batch, ...positions, channels]`.
 * @returns `[batch, 1, 1, channels]`.
 */
export function channelMean(x: Tensor): Tensor4D {
  const [batch, channels] = [x.shape[0]!, x.shape.at(-1)!];
  const [rows, columns] = evenFactors(x.size / (batch * channels));
  let y: Tensor4D = reshape(x, [batch, rows, columns, channels]);
  if (columns > 1) y = avgPool(y, [1, columns], [1, columns], 'valid');
  if (rows > 1) y = avgPool(y, [rows, 1], [rows, 1], 'valid');
  return y;
}

/** The sum over all positions and images, channel by channel: `[..., channels]` → `[channels]`. Not differentiable. */
export function channelSum(x: Tensor): Tensor {
  const channels = x.shape.at(-1)!;
  const count = x.size / channels;
  const mean = channelMean(reshape(x, [1, count, channels]));
  return reshape(mul(mean, count), [channels]);
}

/** Two factors of n as close to each other as there are. */
function evenFactors(n: number): [number, number] {
  let factor = Math.floor(Math.sqrt(n));
  while (n % factor !== 0) factor--;
  return [factor, n / factor];
}

/** Whether every window has the same number of pixels and none overlaps another. */
function dividesEvenly(from: readonly number[], to: readonly number[]): boolean {
  return from.every((n, axis) => n % to[axis]! === 0);
}

/**
 * Averages over windows that divide the spatial axes evenly, by the 2D kernels that every backend has: 3D in two passes.
 *
 * @param x `[batch, ...spatial, channels]`.
 * @param size A divisor of every spatial size.
 * @returns `[batch, ...size, channels]`.
 */
function poolEvenly(x: Tensor, size: readonly number[]): Tensor {
  const [batch, channels] = [x.shape[0]!, x.shape.at(-1)!];
  const windows = size.map((n, axis) => x.shape[axis + 1]! / n);
  const [height, width] = x.shape.slice(-3, -1) as [number, number];
  const slices = x.size / (height * width * channels);
  const planes = poolPlanes(reshape(x, [slices, height, width, channels]), windows.slice(-2));
  if (size.length === 2) return planes;
  const positions = planes.size / (slices * channels);
  const depth = poolPlanes(reshape(planes, [batch, x.shape[1]!, positions, channels]), [windows[0]!, 1]);
  return reshape(depth, [batch, ...size, channels]);
}

function poolPlanes(x: Tensor4D, windows: readonly number[]): Tensor4D {
  const window = windows as [number, number];
  // Not every backend takes a window of one pixel.
  return window.every((n) => n === 1) ? x : avgPool(x, window, window, 'valid');
}

/**
 * The windows of adaptive pooling along one axis: output i of `to` sees inputs ⌊i·from/to⌋ … ⌈(i+1)·from/to⌉ − 1. They cover
 * all inputs, are as even as can be, and none is empty.
 *
 * *Source*: PyTorch's `AdaptiveAvgPool2d`; He et al., "Spatial pyramid pooling in deep convolutional networks" (2014).
 */
export function adaptiveWindow(i: number, from: number, to: number): readonly [begin: number, end: number] {
  return [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)];
}

/** Averaging over adaptive windows along one axis as a matrix, row-major `[from, to]`. */
function averagingMatrix(from: number, to: number): Float32Array {
  const matrix = new Float32Array(from * to);
  for (let i = 0; i < to; i++) {
    const [begin, end] = adaptiveWindow(i, from, to);
    for (let n = begin; n < end; n++) matrix[n * to + i] = 1 / (end - begin);
  }
  return matrix;
}

/** One operation per pixel of every window; windows overlap by up to a pixel where sizes do not divide. */
export function windowedWork(large: TensorShape, small: TensorShape): number {
  return large.shape.reduce((product, from, axis) => {
    const to = small.shape[axis]!;
    if (axis === 0 || axis === large.shape.length - 1) return product * from;
    const windows = Array.from({ length: to }, (_, i) => adaptiveWindow(i, from, to));
    return product * windows.reduce((pixels, [begin, end]) => pixels + end - begin, 0);
  }, 1);
}

export const averagePoolRules: KernelRules<AveragePoolKernels> = {
  SshnAveragePool: {
    shapes: ({ x }, { size }) => onGrid(x, size),
    work: ({ x }, _, [y]) => ({ elementwise: windowedWork(x, y!) }),
  },
  SshnAveragePoolGrad: {
    shapes: ({ dy }, { inputSize }) => onGrid(dy, inputSize),
    work: ({ dy }, _, [dx]) => ({ elementwise: windowedWork(dx!, dy) }),
  },
};
