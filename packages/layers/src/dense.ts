import { kaimingNormal, type Module, type ParamSpec, requireIntegers, ShapeError, zeros } from '@sshn/core';
import { applyDense } from '@sshn/ops';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { type ActivationConfig, activationSlope } from './activation.js';

/** Parameters of a dense layer. */
export type DenseSpecs = {
  readonly kernel: ParamSpec;
  readonly bias: ParamSpec;
};

/** Options of a dense layer. */
export interface DenseConfig extends ActivationConfig {
  readonly inFeatures: number;
  readonly outFeatures: number;
}

/**
 * Fully connected layer: y = a(x·W + b).
 *
 * Input `[batch, inFeatures]`, output `[batch, outFeatures]`. The kernel starts by Kaiming's rule for the activation that
 * follows, the bias at zero.
 *
 * @throws {ValueError} if a feature count is not a positive integer, or the slope is outside [0, 1] or without use.
 * @throws {OptionError} for an unknown activation.
 * @throws {ShapeError} from `apply`, if the input is not `[batch, inFeatures]`.
 * @example
 * const layer = dense({ inFeatures: 2, outFeatures: 10, activation: 'leakyRelu' });
 * const params = initialize(layer.specs, Rng.fromSeed(1));
 * const y = layer.apply(params, tensor2d([[0.25, 0.75]]), setting(0.25));   // [1, 2] -> [1, 10]
 *
 * *Source*: initialization as in He et al., "Delving deep into rectifiers" (2015).
 */
export function dense(config: DenseConfig): Module<DenseSpecs, Tensor2D, Tensor2D> {
  const { inFeatures, outFeatures } = config;
  requireIntegers('dense', { inFeatures, outFeatures });
  const slope = activationSlope('dense', config);
  return {
    specs: {
      kernel: {
        kind: 'param',
        role: 'kernel',
        axes: ['inFeatures', 'outFeatures'],
        shape: [inFeatures, outFeatures],
        fanIn: inFeatures,
        init: kaimingNormal(inFeatures, slope),
      },
      bias: {
        kind: 'param',
        role: 'bias',
        axes: ['outFeatures'],
        shape: [outFeatures],
        fanIn: inFeatures,
        init: zeros,
      },
    },
    apply({ kernel, bias }, x) {
      if (x.rank !== 2 || x.shape[1] !== inFeatures)
        throw new ShapeError({ where: 'dense', got: x.shape, expected: `[batch, ${inFeatures}]` });
      return applyDense({ x, kernel: kernel as Tensor2D, bias: bias as Tensor1D }, slope);
    },
  };
}
