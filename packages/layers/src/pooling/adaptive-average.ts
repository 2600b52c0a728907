import type { Module } from '@sshn/core';
import { applyAdaptiveAverage, requireFeatures, requireSize } from '@sshn/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import { requireRank } from '../check.js';
import type { NoSpecs } from '../layer.js';

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
