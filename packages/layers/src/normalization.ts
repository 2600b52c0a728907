import {
  type Module,
  type NoSpecs,
  type ParamSpec,
  requireIntegers,
  requireRank,
  ValueError,
  zeros,
} from '@sshn/core';
import { channelMean, differentiable, requireFeatures } from '@sshn/ops';
import {
  add,
  mean,
  mul,
  ones,
  reshape,
  rsqrt,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor3D,
} from '@tensorflow/tfjs-core';

/** Parameters of a normalization that scales and shifts its result. */
export type NormalizationSpecs = {
  readonly gamma: ParamSpec;
  readonly beta: ParamSpec;
};

/** Options of instance normalization. */
export interface InstanceNormalizationConfig<Affine extends boolean = boolean> {
  /** Spatial dimensions: 2 for images, 3 for volumes. @default 2 */
  readonly rank?: 2 | 3;
  readonly channels: number;
  /** Added to the variance, above 0. @default 1e-5 */
  readonly epsilon?: number;
  /** Whether a learned scale and shift per channel follow. @default true */
  readonly affine?: Affine;
}

/** Options of group normalization. */
export interface GroupNormalizationConfig<Affine extends boolean = boolean>
  extends InstanceNormalizationConfig<Affine> {
  /** How many groups the channels are split into, a divisor of `channels`. @default the greatest divisor up to 8 */
  readonly groups?: number;
}

type SpecsFor<Affine extends boolean> = Affine extends true ? NormalizationSpecs : NoSpecs;

/**
 * Group normalization: every image and group of neighboring channels gets mean 0 and variance 1, then every channel is
 * scaled and shifted: y = (1 + γ) · (x − μ) / √(σ² + ε) + β.
 *
 * Input and output `[batch, ...spatial, channels]` of any size. γ and β, one per channel, start at 0 (as in `film`, we write
 * 1 + γ for what the authors write γ); with the FiLM method a hypernetwork predicts them. The images of a batch do not affect each other, so training and inference are the same
 * function, whatever the batch and the rescaling factor. Where a group is constant, as one channel is in an image of 1×1
 * pixels, the result is β; more than one channel per group keeps something alive there.
 *
 * @throws {ValueError} if the rank is not 2 or 3, a count is not a positive integer, `groups` does not divide `channels`, or ε
 * is not above 0; from `apply`, if the input is not float32.
 * @throws {ShapeError} from `apply`, if the rank or the channels of the input do not fit.
 * @example
 * const stage = sequential([
 *   convolution({ inChannels: 1, outChannels: 16 }),
 *   groupNormalization({ channels: 16, groups: 4 }),
 *   leakyRelu(),
 * ]);                                              // parameters '0.kernel', '0.bias', '1.gamma', '1.beta'
 *
 * *Source*: Wu & He, "Group normalization" (2018), section 3; their default is 32 groups.
 */
export function groupNormalization<const Affine extends boolean = true>(
  config: GroupNormalizationConfig<Affine>,
): Module<SpecsFor<Affine>, Tensor, Tensor>;
export function groupNormalization(
  config: GroupNormalizationConfig,
): Module<NormalizationSpecs | NoSpecs, Tensor, Tensor> {
  return normalization('groupNormalization', config);
}

/**
 * Instance normalization: every channel of every image gets mean 0 and variance 1; group normalization with one channel per
 * group. In an image of 1×1 pixels all that is left is β.
 *
 * @throws what `groupNormalization` throws.
 * @example
 * const y = instanceNormalization({ channels: 8, affine: false }).apply({}, x, setting(0.5));
 *
 * *Source*: Ulyanov et al., "Instance normalization" (2016).
 */
export function instanceNormalization<const Affine extends boolean = true>(
  config: InstanceNormalizationConfig<Affine>,
): Module<SpecsFor<Affine>, Tensor, Tensor>;
export function instanceNormalization(
  config: InstanceNormalizationConfig,
): Module<NormalizationSpecs | NoSpecs, Tensor, Tensor> {
  return normalization('instanceNormalization', { ...config, groups: config.channels });
}

function normalization(
  where: string,
  config: GroupNormalizationConfig,
): Module<NormalizationSpecs | NoSpecs, Tensor, Tensor> {
  const { rank = 2, channels, epsilon = 1e-5, affine = true } = config;
  requireRank(where, rank);
  requireIntegers(where, { channels });
  const { groups = greatestDivisor(channels, 8) } = config;
  requireIntegers(where, { groups });
  if (channels % groups !== 0) {
    throw new ValueError({
      where: `${where}: groups`,
      got: groups,
      expected: `a divisor of ${channels}, the number of channels`,
    });
  }
  if (!(epsilon > 0) || epsilon === Number.POSITIVE_INFINITY)
    throw new ValueError({ where: `${where}: epsilon`, got: epsilon, expected: 'a number above 0' });
  const spec = (role: 'scale' | 'shift'): ParamSpec => {
    return { kind: 'param', role, axes: ['channels'], shape: [channels], fanIn: 1, init: zeros };
  };
  return {
    specs: affine ? { gamma: spec('scale'), beta: spec('shift') } : {},
    apply(params, x) {
      requireFeatures(where, x, rank, channels);
      const { gamma, beta } = params as { readonly gamma: Tensor; readonly beta: Tensor };
      return applyNormalization(x, affine ? [gamma, beta] : [], { groups, epsilon });
    },
  };
}

function greatestDivisor(n: number, most: number): number {
  let divisor = Math.min(n, most);
  while (n % divisor !== 0) divisor--;
  return divisor;
}

/** How features are normalized. */
interface Grouping {
  /** A divisor of the number of channels. */
  readonly groups: number;
  /** Added to the variance, so that none is zero. */
  readonly epsilon: number;
}

/**
 * Normalizes every image and group of channels to mean 0 and variance 1, then scales and shifts every channel:
 * y = (1 + γ) · (x − μ) / √(σ² + ε) + β.
 *
 * The variance is that of the differences from the mean, never E[x²] − E[x]², which cancels where the mean is large; the
 * gradient is written out, as that of tfjs's `batchNorm` and `moments` is incomplete or slow.
 *
 * @param x `[batch, ...spatial, channels]`.
 * @param affine γ and β, `[channels]` each, or none.
 * @returns Of the shape of `x`.
 */
export function applyNormalization(
  x: Tensor,
  affine: readonly [] | readonly [Tensor, Tensor],
  how: Grouping,
): Tensor {
  const [batch, channels] = [x.shape[0]!, x.shape.at(-1)!];
  const positions = x.size / (batch * channels);
  const flat = [batch, positions, channels];
  const small = [batch, 1, channels];

  const forward = (input: Tensor, gamma?: Tensor, beta?: Tensor) => {
    const deviations = sub(reshape(input, flat), groupMean(reshape(input, flat), how.groups));
    const variance = groupMean(square(deviations), how.groups);
    const inverse = rsqrt(add(variance, how.epsilon));
    const scaled = mul(deviations, gamma === undefined ? inverse : mul(inverse, add(gamma, 1)));
    return {
      value: reshape(beta === undefined ? scaled : add(scaled, beta), x.shape),
      saved: gamma === undefined ? [deviations, inverse] : [deviations, inverse, gamma],
    };
  };

  /** With x̂ = d·r: dx = r·(g − mean(g) − x̂·mean(g·x̂)), where g = dy·(1 + γ) and the means are over groups. */
  function gradients(dy: Tensor, [deviations, inverse, gamma]: readonly Tensor[]): [Tensor, ...Tensor[]] {
    const meanDy = reshape(channelMean(dy), small);
    const meanDyX = mul(reshape(channelMean(mul(dy, deviations!)), small), inverse!);
    const weight = gamma === undefined ? undefined : add(gamma, 1);
    const weighted = (m: Tensor): Tensor => (weight === undefined ? m : mul(m, weight));
    const alongX = mul(acrossGroup(weighted(meanDyX), how.groups), square(inverse!));
    const constant = mul(acrossGroup(weighted(meanDy), how.groups), inverse!);
    const direct = mul(dy, weighted(inverse!));
    const dx = reshape(sub(sub(direct, mul(deviations!, alongX)), constant), x.shape);
    if (gamma === undefined) return [dx];
    const total = (m: Tensor) => mul(sum(m, [0, 1]), positions);
    return [dx, total(meanDyX), total(meanDy)];
  }
  const inputs: readonly [Tensor, ...Tensor[]] = [x, ...affine];
  return differentiable(inputs, {
    forward,
    backward: (dy: Tensor, ...saved: Tensor[]) => gradients(reshape(dy, flat), saved),
  });
}

/** The mean over positions and the channels of a group, `[batch, positions, channels]` → `[batch, 1, channels]`. */
function groupMean(x: Tensor, groups: number): Tensor {
  return acrossGroup(reshape(channelMean(x), [x.shape[0]!, 1, x.shape[2]!]), groups);
}

/** Gives every channel the mean of its group, `[batch, 1, channels]` → the same. */
function acrossGroup(x: Tensor, groups: number): Tensor {
  const [batch, , channels] = x.shape as [number, number, number];
  if (groups === channels) return x;
  const size = channels / groups;
  const means: Tensor3D = mean(reshape(x, [batch, groups, size]), 2, true);
  return reshape(mul(means, ones([1, 1, size])), [batch, 1, channels]);
}
