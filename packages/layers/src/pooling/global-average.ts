import type { Module } from '@sshn/core';
import { applyGlobalAverage, requireFeatures } from '@sshn/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { NoSpecs } from '../layer.js';

/**
 * Global average pooling: the mean over all positions.
 *
 * Input `[batch, ...spatial, channels]` of any size ≥ 1, 2D or 3D; output `[batch, 1, 1, channels]`, in 3D
 * `[batch, 1, 1, 1, channels]`.
 *
 * @throws {ShapeError} from `apply`, if the input is not a feature map. @throws {ValueError} if it is not float32.
 * @example
 * const y = globalAveragePool().apply({}, x, rescaling(0.5));   // [4, 17, 9, 32] -> [4, 1, 1, 32]
 *
 * *Source*: Lin et al., "Network in network" (2014), section 3.2.
 */
export function globalAveragePool(): Module<NoSpecs, Tensor, Tensor> {
  return {
    specs: {},
    apply(_params, x) {
      requireFeatures('globalAveragePool', x);
      return applyGlobalAverage(x);
    },
  };
}
