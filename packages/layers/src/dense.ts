import { kaimingNormal, type Module, type ParamSpec, requireIntegers, zeros } from '@sshn/core';
import { add, matMul, type Tensor, type Tensor2D, tidy } from '@tensorflow/tfjs-core';
import { applyLeakyRelu, defaultSlope } from './leaky-relu.js';

/** Parameters of a dense layer. */
export type DenseSpecs = {
  readonly kernel: ParamSpec;
  readonly bias: ParamSpec;
};

/** Options of a dense layer. */
export interface DenseConfig {
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** @default 'none' */
  readonly activation?: 'none' | 'leakyRelu';
  /** Slope of the LeakyReLU, in (0, 1]. @default 0.01 */
  readonly slope?: number;
}

/**
 * Fully connected layer: y = a(x·W + b).
 *
 * Input `[batch, inFeatures]`, output `[batch, outFeatures]`. Kaiming initialization, zero bias.
 *
 * @throws {ValueError} if a feature count is not a positive integer.
 */
export function dense(config: DenseConfig): Module<DenseSpecs, Tensor2D, Tensor2D> {
  const { inFeatures, outFeatures, activation = 'none', slope = defaultSlope } = config;
  requireIntegers('dense', { inFeatures, outFeatures });
  const appliedSlope = activation === 'leakyRelu' ? slope : 1;
  return {
    specs: {
      kernel: {
        kind: 'param',
        role: 'kernel',
        axes: ['inFeatures', 'outFeatures'],
        shape: [inFeatures, outFeatures],
        fanIn: inFeatures,
        init: kaimingNormal(inFeatures, appliedSlope),
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
    apply: ({ kernel, bias }, x) =>
      tidy(() => {
        const z = add<Tensor2D>(matMul(x, kernel as Tensor2D), bias as Tensor);
        return activation === 'leakyRelu' ? applyLeakyRelu(z, slope) : z;
      }),
  };
}
