import { sumAll } from '@sshn/ops';
import { add, div, mul, type Scalar, square, sub, sum, type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import { asFloat, checkLabels, labelCount, targetOf } from '../input/labels.js';
import { linkOf, sumSpatial, type ValueAndGradient, withOwnGradient } from '../input/loss.js';
import { channelWeights, checkRegionOptions, type RegionOptions } from './region-options.js';

/**
 * A score of two regions: with the overlap `I = Σ p t` and the sizes `P = Σ p^k` and `T = Σ t^k`, sums over pixels,
 *
 * `score = (gain I + smooth) / (overlap I + predicted P + truth T + smooth)`
 */
export interface RegionScore {
  readonly gain: number;
  readonly overlap: number;
  readonly predicted: number;
  readonly truth: number;
  /** `k`: whether sizes are sums of squares. */
  readonly squared: boolean;
  /** What a score costs, and the slope of that. @default 1 − score */
  readonly cost?: (score: Tensor) => { readonly cost: Tensor; readonly slope: Tensor };
  /** Weights of labels from their true sizes `Σ t` (`[batch or 1, 1…, labels]`): sums over labels make one score then. */
  readonly pooled?: (sizes: Tensor) => Tensor;
}

/** The loss of a score: the mean of its cost over labels and samples, its gradient to the logits by hand. */
export function regionLoss(
  where: string,
  logits: Tensor,
  labels: Tensor,
  score: RegionScore,
  options: RegionOptions,
): Scalar {
  checkRegionOptions(where, options);
  checkLabels(where, logits, labels, options.task);
  const weights = channelWeights(where, labelCount(logits), options);
  return withOwnGradient(logits, (input) =>
    regionTerms(where, asFloat(input), labels, score, options, weights),
  );
}

/** The loss and its gradient to the float32 logits; outside of the tape. */
export function regionTerms(
  where: string,
  logits: Tensor,
  labels: Tensor,
  score: RegionScore,
  options: RegionOptions,
  channels: readonly number[],
): ValueAndGradient {
  const { task = 'multiclass', fromLogits = true, smooth = 1e-7, perSample = true, ignoreLabel } = options;
  const masked = (x: Tensor) => (mask === undefined ? x : mul(x, mask));
  const sumPixels = (x: Tensor) => (perSample ? sumSpatial(x) : sum(sumSpatial(x), 0, true));
  const size = (x: Tensor) => sumPixels(score.squared ? square(x) : x);
  const { probabilities, backward } = linkOf(task, fromLogits);
  const { truth, mask } = targetOf(where, logits, labels, { task, ignoreLabel });
  const p = probabilities(logits);
  const counted = masked(p);

  const pool = poolOf(score, channels, () => sumPixels(truth));
  const overlap = pool.sum(sumPixels(mul(counted, truth)));
  const sizes = [
    mul(pool.sum(size(counted)), score.predicted),
    mul(pool.sum(size(truth)), score.truth),
  ] as const;
  const denominator = add(add(mul(overlap, score.overlap), add(...sizes)), smooth);
  const value = div(add(mul(overlap, score.gain), smooth), denominator);
  const { cost, slope } = score.cost?.(value) ?? { cost: sub(1, value), slope: -1 };

  const samples = perSample ? logits.shape[0]! : 1;
  const scale = div(mul(slope, div(pool.weights, samples)), denominator);
  const toOverlap = mul(scale, sub(score.gain, mul(value, score.overlap)));
  const toSize = mul(mul(scale, value), -score.predicted);
  const towards = mul(toOverlap, truth);
  const away = score.squared ? mul(mul(toSize, 2), p) : toSize;
  return [sumAll(mul(cost, div(pool.means, samples))), backward(p, masked(add(towards, away)))];
}

/** How sums per label become scores: one each, or one for all. */
function poolOf(
  { pooled }: RegionScore,
  channels: readonly number[],
  trueSizes: () => Tensor,
): {
  /** From sums per label to what a score is made of. */
  readonly sum: (sums: Tensor) => Tensor;
  /** What a score counts in the loss. */
  readonly means: Tensor | number;
  /** What a label's sums count in the loss, through its score. */
  readonly weights: Tensor;
} {
  const means = tensor1d([...channels]);
  if (pooled === undefined) return { sum: (sums) => sums, means, weights: means };
  const isScored = tensor1d(channels.map((weight) => (weight > 0 ? 1 : 0)));
  const weights = mul(pooled(trueSizes()), isScored);
  return { sum: (sums) => sum(mul(sums, weights), -1, true), means: 1, weights };
}
