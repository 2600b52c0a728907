import { ValueError } from '@sshn/core';
import { fusedCrossEntropy, sumAll } from '@sshn/ops';
import {
  add,
  div,
  exp,
  log,
  max,
  maximum,
  mul,
  type Scalar,
  sub,
  sum,
  type Tensor,
  tensor1d,
} from '@tensorflow/tfjs-core';
import {
  asFloat,
  checkLabels,
  comparable,
  labelCount,
  oneHotLabels,
  type Target,
  targetOf,
} from '../input/labels.js';
import { type Task, type ValueAndGradient, withOwnGradient } from '../input/loss.js';
import {
  checkPixelOptions,
  checkWeightCount,
  checkWeights,
  isPositive,
  requireNumber,
} from '../input/options.js';
import { sigmoidLikelihood, softmaxLikelihood } from './likelihood.js';

/** How `crossEntropy` counts. */
export interface CrossEntropyOptions {
  /** What the channels stand for. @default 'multiclass' */
  readonly task?: Task;
  /** A weight ≥ 0 for each channel, the background first; not for `'binary'`. @default 1 each */
  readonly classWeights?: readonly number[];
  /** Weight > 0 of positives beside negatives; for `'binary'` and `'multilabel'`. @default 1 */
  readonly positiveWeight?: number;
  /** Share in [0, 1) of the truth that is spread evenly over the labels. @default 0 */
  readonly labelSmoothing?: number;
  /** True label whose pixels do not count. */
  readonly ignoreLabel?: number;
}

/**
 * Categorical (or, for other tasks, binary) cross-entropy of logits, averaged over all pixels of the batch.
 *
 * `loss = 1/n Σ_pixels (log Σ_l exp(z_l) − Σ_l t_l z_l)`, by log-sum-exp, so that no logit is too large for it;
 * the gradient is `(softmax(z) − t) / n`. Result in nats, ≥ 0; `log(labels)` for equal logits. With options:
 *
 * `loss = −Σ_pixels Σ_l w_l s_l log p_l / Σ_pixels Σ_l w_l t_l`, `s = (1 − ε) t + ε / labels`
 *
 * so weights shift the mean towards a label without scaling the loss. For `'binary'` and `'multilabel'`, `p =
 * sigmoid(z)`, `s = (1 − ε) t + ε / 2`, and the mean is over pixels and channels, weighted by `w`:
 * `loss = −mean_w (q s log p + (1 − s) log (1 − p))`, `q` the positive weight.
 *
 * 0, with a gradient of 0, if all pixels are ignored. Values of integer labels are not looked at (that would wait for
 * the device): a label outside of 0 … labels − 1 belongs in no dataset, and `confusionCounts` refuses it.
 *
 * @param logits `[batch, ...spatial, labels]`, one label the background; `[batch, ...spatial, 1]` for `'binary'`.
 * @param labels int32 `[batch, ...spatial]`, or float32 `[batch, ...spatial, labels]`: one-hot, or soft labels that
 *   sum to 1 at each pixel; only the latter for `'multilabel'`. No gradient flows to them.
 * @throws {ShapeError} if the shapes do not fit together.
 * @throws {ValueError} if labels without a label axis are not int32, or an option is out of range.
 * @example
 * const loss = crossEntropy(network.apply(params, images, at), labels);
 *
 * *Source*: the paper's first training stage, section 4 ("categorical cross-entropy"). Weights and smoothing as in
 * PyTorch's `cross_entropy` for integer labels; smoothing: Szegedy et al. (2016), section 7.
 */
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Scalar {
  checkCrossEntropy(options);
  checkLabels('crossEntropy', logits, labels, options.task);
  if (options.classWeights !== undefined) {
    checkWeightCount('crossEntropy: classWeights', options.classWeights, labelCount(logits));
  }
  const { task = 'multiclass', classWeights, labelSmoothing = 0, ignoreLabel } = options;
  const isPlain = classWeights === undefined && labelSmoothing === 0 && ignoreLabel === undefined;
  return withOwnGradient(logits, (input) => {
    const z = asFloat(input);
    if (task !== 'multiclass') return ofChannels(z, labels, options);
    if (!isPlain) return weighted(z, labels, options);
    const truth = comparable(z, labels);
    return fusedCrossEntropy(z, truth, () => plain(z, truth));
  });
}

/** @throws {ValueError | OptionError} if an option is out of range, whatever the logits. */
export function checkCrossEntropy(options: CrossEntropyOptions): void {
  const { task = 'multiclass', classWeights, positiveWeight, labelSmoothing = 0, ignoreLabel } = options;
  checkPixelOptions('crossEntropy', { task, ignoreLabel });
  requireNumber(
    'crossEntropy: labelSmoothing',
    labelSmoothing,
    (share) => share >= 0 && share < 1,
    'a number in [0, 1)',
  );
  if (classWeights !== undefined) checkWeights('crossEntropy: classWeights', classWeights);
  if (classWeights !== undefined && task === 'binary') {
    throw new ValueError({
      where: 'crossEntropy: classWeights',
      got: classWeights,
      expected: "none for task 'binary', which has one channel",
      hint: 'Use positiveWeight.',
    });
  }
  if (positiveWeight === undefined) return;
  requireNumber('crossEntropy: positiveWeight', positiveWeight, isPositive, 'a positive number');
  if (task === 'multiclass') {
    throw new ValueError({
      where: 'crossEntropy: positiveWeight',
      got: positiveWeight,
      expected: "none for task 'multiclass'",
      hint: 'Use classWeights.',
    });
  }
}

function plain(logits: Tensor, labels: Tensor): ValueAndGradient {
  const pixels = logits.size / labelCount(logits);
  const shifted = sub(logits, max(logits, -1, true));
  const exponentials = exp(shifted);
  const total = sum(exponentials, -1, true);
  const truth = oneHotLabels(logits, labels);
  // Both sums are of one sign: nothing cancels.
  const value = div(sub(sumAll(log(total)), sumAll(mul(truth, shifted))), pixels);
  return [value, div(sub(div(exponentials, total), truth), pixels)];
}

function weighted(logits: Tensor, labels: Tensor, options: CrossEntropyOptions): ValueAndGradient {
  const { classWeights, ignoreLabel } = options;
  const target = targetOf('crossEntropy', logits, labels, { task: 'multiclass', ignoreLabel });
  const weights = classWeights === undefined ? 1 : tensor1d([...classWeights]);
  const total = sumAll(mul(target.truth, weights));
  const aims = mul(smoothed(target, options, labelCount(logits)), weights);
  return softmaxLikelihood(logits, div(aims, aboveZero(total)), 0);
}

function ofChannels(logits: Tensor, labels: Tensor, options: CrossEntropyOptions): ValueAndGradient {
  const { task = 'multiclass', classWeights, positiveWeight = 1, ignoreLabel } = options;
  const target = targetOf('crossEntropy', logits, labels, { task, ignoreLabel });
  const channels = labelCount(logits);
  const weights = tensor1d([...(classWeights ?? new Array<number>(channels).fill(1))]);
  const mask = target.mask ?? tensor1d([1]);
  const pixels = target.mask === undefined ? logits.size / channels : sumAll(target.mask);
  const scale = div(weights, aboveZero(mul(pixels, sum(weights))));
  const aims = smoothed(target, options, 2);
  return sigmoidLikelihood(logits, mul(aims, mul(scale, positiveWeight)), mul(sub(mask, aims), scale), 0);
}

/** `(1 − ε) t + ε / n` at pixels that count. */
function smoothed({ truth, mask }: Target, { labelSmoothing = 0 }: CrossEntropyOptions, n: number): Tensor {
  if (labelSmoothing === 0) return truth;
  return add(mul(truth, 1 - labelSmoothing), mul(mask ?? 1, labelSmoothing / n));
}

/** A divisor for sums that are 0 themselves where it would be 0. */
function aboveZero(total: Tensor): Tensor {
  return maximum(total, 1e-30);
}
