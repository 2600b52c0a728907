import {
  type Module,
  type NoSpecs,
  type ParamSpec,
  requireIntegers,
  requireOption,
  ShapeError,
  ValueError,
} from '@sshn/core';
import { applyLeakyRelu, channelSum, defaultSlope, differentiable, requireSlope } from '@sshn/ops';
import { add, greater, minimum, mul, relu, type Tensor, tidy, where } from '@tensorflow/tfjs-core';
import {
  applyElu,
  applyGelu,
  applyMish,
  applyRelu,
  applySigmoid,
  applySilu,
  applySoftplus,
} from './pointwise.js';

const functions = {
  relu: applyRelu,
  leakyRelu: applyLeakyRelu,
  elu: applyElu,
  gelu: applyGelu,
  silu: applySilu,
  mish: applyMish,
  softplus: applySoftplus,
  sigmoid: applySigmoid,
  identity: (x: Tensor) => x.clone(),
} as const satisfies Readonly<Record<string, (x: Tensor) => Tensor>>;

/** The name of an activation. */
export type ActivationKind = keyof typeof functions;

/** The names of all activations. */
export const activationKinds = /* @__PURE__ */ Object.keys(functions) as readonly ActivationKind[];

/** Options of an activation as a layer. */
export interface ActivationLayerConfig {
  readonly kind: ActivationKind;
  /** For negative values, in [0, 1]; only with 'leakyRelu'. @default 0.01 */
  readonly slope?: number;
}

/**
 * An activation as a layer without parameters; input and output have the same shape.
 *
 * | kind | y | source |
 * |---|---|---|
 * | `relu` | max(x, 0) | Nair & Hinton (2010) |
 * | `leakyRelu` | x where x > 0, slope · x elsewhere | Maas et al. (2013) |
 * | `elu` | x where x > 0, eˣ − 1 elsewhere | Clevert et al. (2016), α = 1 |
 * | `gelu` | x·Φ(x), exact (not the tanh formula) | Hendrycks & Gimpel (2016) |
 * | `silu` | x·σ(x), also called swish | Elfwing et al. (2017); Ramachandran et al. (2017) |
 * | `mish` | x·tanh(ln(1 + eˣ)) | Misra (2020) |
 * | `softplus` | ln(1 + eˣ) | Dugas et al. (2001) |
 * | `sigmoid` | 1 / (1 + e⁻ˣ) | |
 * | `identity` | x | |
 *
 * @throws {OptionError} for an unknown kind.
 * @throws {ValueError} if the slope is outside [0, 1], or given with another kind than 'leakyRelu'.
 * @example
 * const stage = sequential([convolution({ inChannels: 1, outChannels: 8 }), activation({ kind: 'silu' })]);
 */
export function activation(config: ActivationLayerConfig): Module<NoSpecs, Tensor, Tensor> {
  const { kind, slope } = config;
  requireOption('kind', kind, activationKinds);
  if (kind === 'leakyRelu') return leakyRelu(slope === undefined ? {} : { slope });
  if (slope !== undefined) {
    throw new ValueError({
      where: `activation: slope of '${kind}'`,
      got: slope,
      expected: "no slope: only 'leakyRelu' has one",
    });
  }
  const apply = functions[kind];
  return { specs: {}, apply: (_params, x) => apply(x) };
}

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

/** Parameters of a PReLU. */
export type PreluSpecs = {
  readonly slope: ParamSpec;
};

/**
 * LeakyReLU with a learned slope per channel: y = max(x, 0) + slope · min(x, 0).
 *
 * Input and output `[batch, ...spatial, channels]`, of any rank. The slopes start at 0.25.
 *
 * @throws {ValueError} if `channels` is not a positive integer.
 * @throws {ShapeError} from `apply`, if the last axis of the input is not `channels`.
 * @example
 * const y = prelu({ channels: 2 }).apply({ slope: tensor1d([0.1, 0.5]) }, x, setting(0.5));
 *
 * *Source*: He et al., "Delving deep into rectifiers" (2015), section 2.1.
 */
export function prelu({ channels }: { readonly channels: number }): Module<PreluSpecs, Tensor, Tensor> {
  requireIntegers('prelu', { channels });
  return {
    specs: {
      slope: {
        kind: 'param',
        role: 'scale',
        axes: ['channels'],
        shape: [channels],
        fanIn: 1,
        init: { kind: 'constant', value: 0.25 },
      },
    },
    apply({ slope }, x) {
      if (x.shape.at(-1) !== channels)
        throw new ShapeError({ where: 'prelu', got: x.shape, expected: `[..., ${channels}]` });
      return applyPrelu(x, slope);
    },
  };
}

/** Composed, as tfjs's own kernel keeps a packed copy of the slopes on wasm, which an optimizer may write over. */
function applyPrelu(x: Tensor, slope: Tensor): Tensor {
  return differentiable([x, slope], {
    forward: (input, slopes) => ({
      value: tidy(() => add(relu(input), mul(minimum(input, 0), slopes))),
      saved: [input, slopes],
    }),
    backward: (dy, input, slopes) => [
      tidy(() => where(greater(input, 0), dy, mul(dy, slopes))),
      tidy(() => channelSum(mul(dy, minimum(input, 0)))),
    ],
  });
}
