import { type Module, requireOption, ValueError } from '@sshn/core';
import { applyLeakyRelu } from '@sshn/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { NoSpecs } from '../layer.js';
import { leakyRelu } from './leaky-relu.js';
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
export const activationKinds = Object.keys(functions) as readonly ActivationKind[];

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
