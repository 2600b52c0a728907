import { channelMean } from '@sshn/ops';
import {
  add,
  customGrad,
  type GradSaveFunc,
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

  const op = customGrad((...args: Array<Tensor | GradSaveFunc>) => {
    const save = args.pop() as GradSaveFunc;
    const [input, gamma, beta] = args as [Tensor, Tensor | undefined, Tensor | undefined];
    const deviations = sub(reshape(input, flat), groupMean(reshape(input, flat), how.groups));
    const variance = groupMean(square(deviations), how.groups);
    const inverse = rsqrt(add(variance, how.epsilon));
    const scaled = mul(deviations, gamma === undefined ? inverse : mul(inverse, add(gamma, 1)));
    save(gamma === undefined ? [deviations, inverse] : [deviations, inverse, gamma]);
    return {
      value: reshape(beta === undefined ? scaled : add(scaled, beta), x.shape),
      gradFunc: (dy: Tensor, saved: Tensor[]) => gradients(reshape(dy, flat), saved),
    };
  });

  /** With x̂ = d·r: dx = r·(g − mean(g) − x̂·mean(g·x̂)), where g = dy·(1 + γ) and the means are over groups. */
  function gradients(dy: Tensor, [deviations, inverse, gamma]: readonly Tensor[]): Tensor | Tensor[] {
    const meanDy = reshape(channelMean(dy), small);
    const meanDyX = mul(reshape(channelMean(mul(dy, deviations!)), small), inverse!);
    const weight = gamma === undefined ? undefined : add(gamma, 1);
    const weighted = (m: Tensor): Tensor => (weight === undefined ? m : mul(m, weight));
    const alongX = mul(acrossGroup(weighted(meanDyX), how.groups), square(inverse!));
    const constant = mul(acrossGroup(weighted(meanDy), how.groups), inverse!);
    const direct = mul(dy, weighted(inverse!));
    const dx = reshape(sub(sub(direct, mul(deviations!, alongX)), constant), x.shape);
    if (gamma === undefined) return dx;
    const total = (m: Tensor) => mul(sum(m, [0, 1]), positions);
    return [dx, total(meanDyX), total(meanDy)];
  }
  return op(x, ...affine);
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
