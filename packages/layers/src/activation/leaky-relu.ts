import { type Module, requireOption, ValueError } from '@sshn/core';
import { applyLeakyRelu, defaultSlope, requireSlope } from '@sshn/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { NoSpecs } from '../layer.js';

/** What a layer with weights may compute behind them. */
export interface ActivationConfig {
  /** What follows the bias; 'leakyRelu' is computed in the same pass. @default 'none' */
  readonly activation?: 'none' | 'leakyRelu';
  /** Slope of the LeakyReLU for negative values, in [0, 1]; only with 'leakyRelu'. @default 0.01 */
  readonly slope?: number;
}

/**
 * LeakyReLU as a layer without parameters; input and output have the same shape.
 *
 * @param config.slope For negative values, in [0, 1]; 0 is ReLU. @default 0.01
 * @throws {ValueError} if the slope is outside [0, 1].
 * @example
 * const stage = sequential([convolution({ inChannels: 1, outChannels: 8 }), leakyRelu({ slope: 0.1 })]);
 *
 * *Source*: as of `applyLeakyRelu`.
 */
export function leakyRelu(config: { readonly slope?: number } = {}): Module<NoSpecs, Tensor, Tensor> {
  const { slope = defaultSlope } = config;
  requireSlope('leakyRelu', slope);
  return { specs: {}, apply: (_params, x) => applyLeakyRelu(x, slope) };
}

/**
 * The slope that an activation amounts to: 1 for 'none'.
 *
 * @throws {OptionError} for an unknown activation.
 * @throws {ValueError} if the slope is outside [0, 1], or given where there is no LeakyReLU.
 */
export function activationSlope(where: string, { activation = 'none', slope }: ActivationConfig): number {
  requireOption('activation', activation, ['none', 'leakyRelu']);
  if (activation === 'none') {
    if (slope === undefined) return 1;
    throw new ValueError({
      where: `${where}: slope`,
      got: slope,
      expected: "no slope where there is no activation: 'leakyRelu'",
    });
  }
  requireSlope(where, slope ?? defaultSlope);
  return slope ?? defaultSlope;
}
