import { type Module, requireOption, ValueError } from '@sshn/core';
import { dispatch } from '@sshn/ops';
import {
  customGrad,
  type GradSaveFunc,
  greater,
  mul,
  reshape,
  type Tensor,
  leakyRelu as tfLeakyRelu,
  tidy,
  where,
} from '@tensorflow/tfjs-core';
import type { NoSpecs } from '../layer.js';

/** The slope that LeakyReLU has for negative inputs when nothing else is said, as in PyTorch. */
export const defaultSlope = 0.01;

/** What a layer with weights may compute behind them. */
export interface ActivationConfig {
  /** What follows the bias; 'leakyRelu' is computed in the same pass. @default 'none' */
  readonly activation?: 'none' | 'leakyRelu';
  /** Slope of the LeakyReLU for negative values, in [0, 1]; only with 'leakyRelu'. @default 0.01 */
  readonly slope?: number;
}

/**
 * LeakyReLU of any tensor: x where x > 0, slope · x elsewhere. Its gradient needs the output only.
 *
 * @param x Of any shape, which is the output's too.
 * @param slope In [0, 1]; 0 is ReLU, 1 the identity. @default 0.01
 * @throws {ValueError} if the slope is outside [0, 1].
 *
 * *Source*: Maas et al., "Rectifier nonlinearities improve neural network acoustic models" (2013).
 */
export function applyLeakyRelu<T extends Tensor>(x: T, slope = defaultSlope): T {
  requireSlope('leakyRelu', slope);
  const op = customGrad<T>((...args: Array<Tensor | GradSaveFunc>) => {
    const [input, save] = args as [T, GradSaveFunc];
    const y = tfLeakyRelu(input, slope);
    save([y]);
    return { value: y, gradFunc: (dy: T, saved: Tensor[]) => leakyReluGradient(dy, saved[0]!, slope) };
  });
  return op(x);
}

/**
 * The gradient before a LeakyReLU from the one behind it: dy where y > 0, slope · dy elsewhere.
 *
 * @param y The activation's output, of the shape of `dy`.
 */
export function leakyReluGradient<T extends Tensor>(dy: T, y: Tensor, slope: number): T {
  return dispatch('SshnLeakyReluGrad', { dy, y }, { slope }, () =>
    tidy(() => {
      // webgpu chooses among tensors of at most four axes.
      const [flatDy, flatY] = [dy, y].map((x) => (x.rank > 4 ? reshape(x, [-1]) : x)) as [Tensor, Tensor];
      return reshape(where(greater(flatY, 0), flatDy, mul(flatDy, slope)), dy.shape) as T;
    }),
  );
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

function requireSlope(where: string, slope: number): void {
  if (slope >= 0 && slope <= 1) return;
  throw new ValueError({ where: `${where}: slope`, got: slope, expected: 'a number in [0, 1]' });
}
