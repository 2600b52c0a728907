import { sumAll } from '@sshn/ops';
import { div, maximum, mul, type Scalar, sub, type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import { asFloat, checkLabels, labelCount, targetOf } from '../input/labels.js';
import { type Task, type ValueAndGradient, withOwnGradient } from '../input/loss.js';
import {
  checkPixelOptions,
  checkWeightCount,
  checkWeights,
  isFraction,
  isNonNegative,
  requireNumber,
} from '../input/options.js';
import { sigmoidLikelihood, softmaxLikelihood } from './likelihood.js';

/** How `focalLoss` counts. */
export interface FocalOptions {
  /** What the channels stand for. @default 'multiclass' */
  readonly task?: Task;
  /** Exponent ≥ 0 that turns attention to pixels that are not yet right; 0 gives cross-entropy. @default 2 */
  readonly gamma?: number;
  /**
   * Balance of labels: a number in [0, 1] weighs the foreground (each positive, for sigmoid tasks) with it and the
   * background (each negative) with one minus it; a list, for `'multiclass'`, weighs label by label. @default 1 each
   */
  readonly alpha?: number | readonly number[];
  /** True label whose pixels do not count. */
  readonly ignoreLabel?: number;
}

/**
 * Focal loss: cross-entropy that pixels leave as they come right, averaged over pixels (and channels, where each has its
 * sigmoid).
 *
 * `loss = −mean Σ_l α_l t_l (1 − p_l)^γ log p_l`, `p = softmax(z)`; for `'binary'` and `'multilabel'`, `p = sigmoid(z)`:
 * `loss = −mean (α t (1 − p)^γ log p + (1 − α) (1 − t) p^γ log (1 − p))`
 *
 * Result ≥ 0, in nats times weights: `alpha` is not divided out. 0, with a gradient of 0, if all pixels are ignored.
 *
 * @param logits `[batch, ...spatial, labels]`, `[batch, ...spatial, 1]` for `'binary'`.
 * @param labels int32 `[batch, ...spatial]`, or float32 of the logits' shape; only the latter for `'multilabel'`.
 * @throws {ShapeError} if the shapes do not fit together.
 * @throws {ValueError} if an option is out of range.
 * @example
 * const loss = focalLoss(logits, labels, { gamma: 2, alpha: 0.75 });
 *
 * *Source*: Lin et al., "Focal loss for dense object detection" (2017), equation 5; softmax as in MONAI's
 * `FocalLoss(use_softmax=True)`.
 */
export function focalLoss(logits: Tensor, labels: Tensor, options: FocalOptions = {}): Scalar {
  checkFocal(options);
  const { task = 'multiclass', alpha } = options;
  checkLabels('focalLoss', logits, labels, task);
  if (typeof alpha === 'object') checkWeightCount('focalLoss: alpha', alpha, labelCount(logits));
  return withOwnGradient(logits, (input) => terms(asFloat(input), labels, options));
}

/** @throws {ValueError | OptionError} if an option is out of range, whatever the logits. */
export function checkFocal({ task = 'multiclass', gamma = 2, alpha, ignoreLabel }: FocalOptions): void {
  checkPixelOptions('focalLoss', { task, ignoreLabel });
  requireNumber('focalLoss: gamma', gamma, isNonNegative, 'a number of at least 0');
  if (typeof alpha === 'object' && task === 'multiclass') checkWeights('focalLoss: alpha', alpha);
  else if (alpha !== undefined) {
    const list = task === 'multiclass' ? ', or a list with a weight for each label' : ` for task '${task}'`;
    requireNumber('focalLoss: alpha', alpha as number, isFraction, `a number in [0, 1]${list}`);
  }
}

function terms(logits: Tensor, labels: Tensor, options: FocalOptions): ValueAndGradient {
  const { task = 'multiclass', gamma = 2, alpha, ignoreLabel } = options;
  const { truth, mask } = targetOf('focalLoss', logits, labels, { task, ignoreLabel });
  const channels = labelCount(logits);
  const pixels = mask === undefined ? logits.size / channels : maximum(sumAll(mask), 1e-30);
  if (task === 'multiclass') {
    const weights = tensor1d(labelWeights(alpha, channels));
    return softmaxLikelihood(logits, div(mul(truth, weights), pixels), gamma);
  }
  const entries = mul(pixels, channels);
  const [positive, negative] = typeof alpha === 'number' ? [alpha, 1 - alpha] : [1, 1];
  return sigmoidLikelihood(
    logits,
    div(mul(truth, positive), entries),
    div(mul(sub(mask ?? 1, truth), negative), entries),
    gamma,
  );
}

function labelWeights(alpha: number | readonly number[] | undefined, count: number): number[] {
  if (typeof alpha === 'object') return [...alpha];
  return Array.from({ length: count }, (_, label) => {
    if (alpha === undefined) return 1;
    return label === 0 ? 1 - alpha : alpha;
  });
}
