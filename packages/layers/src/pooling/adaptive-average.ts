import type { Module } from '@sshn/core';
import { dispatch } from '@sshn/ops';
import { avgPool, customGrad, mul, reshape, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { requireFeatures, requireRank, requireSize } from '../check.js';
import type { NoSpecs } from '../layer.js';
import { mapAxes } from '../resize/composed.js';
import { transposed } from '../resize/interpolation.js';
import { copyNearest } from '../resize/nearest.js';
import { channelMean } from './channel-mean.js';
import { dividesEvenly, poolEvenly } from './even.js';
import { averagingMatrix } from './windows.js';

/** Options of adaptive average pooling. */
export interface AdaptiveAveragePoolConfig {
  /** Spatial dimensions: 2 for images, 3 for volumes. @default 2 */
  readonly rank?: 2 | 3;
  /** The size of the output: one number for all axes, or `[height, width]` or `[depth, height, width]`, each ≥ 1. */
  readonly size: number | readonly number[];
}

/**
 * Adaptive average pooling as a layer: features of any size become `size`; see `applyAdaptiveAverage`.
 *
 * Input `[batch, ...spatial, channels]`, output `[batch, ...size, channels]`.
 *
 * @throws {ValueError} if the rank is not 2 or 3, or `size` has not one integer ≥ 1 per axis; from `apply`, if the input is not
 * float32.
 * @throws {ShapeError} from `apply`, if the rank of the input does not fit.
 * @example
 * const bins = adaptiveAveragePool({ size: 6 }).apply({}, x, rescaling(0.5));   // [1, 33, 17, 8] -> [1, 6, 6, 8]
 *
 * *Source*: as of `applyAdaptiveAverage`.
 */
export function adaptiveAveragePool(config: AdaptiveAveragePoolConfig): Module<NoSpecs, Tensor, Tensor> {
  const { rank = 2, size } = config;
  requireRank('adaptiveAveragePool', rank);
  const to = typeof size === 'number' ? Array<number>(rank).fill(size) : [...size];
  requireSize('adaptiveAveragePool', to, rank);
  return {
    specs: {},
    apply(_params, x) {
      requireFeatures('adaptiveAveragePool', x, rank);
      return applyAdaptiveAverage(x, to);
    },
  };
}

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
  const op = customGrad((input) => {
    const from = input as Tensor;
    return {
      value: dispatch('SshnAveragePool', { x: from }, { size: [...size] }, () => average(from, size)),
      gradFunc: (dy: Tensor) =>
        dispatch('SshnAveragePoolGrad', { dy }, { inputSize }, () => averageTransposed(dy, inputSize)),
    };
  });
  return op(x);
}

function average(x: Tensor, size: readonly number[]): Tensor {
  return tidy(() => {
    if (size.every((n) => n === 1)) return reshape(channelMean(x), [x.shape[0]!, ...size, x.shape.at(-1)!]);
    if (dividesEvenly(x.shape.slice(1, -1), size)) return poolEvenly(x, size, avgPool);
    return mapAxes(x, size, averagingMatrix);
  });
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
