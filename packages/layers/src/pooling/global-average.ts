import type { Module } from '@sshn/core';
import { customGrad, mul, ones, reshape, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { requireFeatures } from '../check.js';
import type { NoSpecs } from '../layer.js';
import { channelMean } from './channel-mean.js';

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

/** The mean over all positions with its gradient, `[batch, ...spatial, channels]` → `[batch, 1, …, 1, channels]`. */
export function applyGlobalAverage(x: Tensor): Tensor {
  const { shape } = x;
  const one = shape.map((n, axis) => (axis === 0 || axis === shape.length - 1 ? n : 1));
  const positions = x.size / (shape[0]! * shape.at(-1)!);
  const op = customGrad((input) => ({
    value: reshape(channelMean(input as Tensor), one),
    // A product with ones: `tile` is several times slower.
    gradFunc: (dy: Tensor) => tidy(() => mul(ones(shape), mul(dy, 1 / positions))),
  }));
  return op(x);
}
