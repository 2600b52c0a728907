import { fusedSoftDice } from '@sshn/ops';
import { clipByValue, div, log, neg, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import { asFloat, checkLabels, comparable, labelCount } from '../input/labels.js';
import { withOwnGradient } from '../input/loss.js';
import { type RegionScore, regionLoss, regionTerms } from './region-loss.js';
import { channelWeights, checkRegionOptions, type RegionOptions } from './region-options.js';

/** How `softDiceLoss` counts. */
export interface SoftDiceOptions extends RegionOptions {
  /** Squares in the denominator, `Σp² + Σt²`, rather than `Σp + Σt`. @default true */
  readonly squaredDenominator?: boolean;
  /** `−log Dice` rather than `1 − Dice`, for each score of the mean. @default false */
  readonly log?: boolean;
}

/**
 * Soft Dice loss of softmax(logits): one minus the mean Dice over foreground labels and samples.
 *
 * With `p = softmax(z)`, sums over the pixels of a sample and the mean over samples b and labels l:
 *
 * `loss = 1 − mean_bl (2 Σ p t + smooth) / (Σ p² + Σ t² + smooth)`
 *
 * Result in [0, 1]; with `log`, ≥ 0. A label that a sample lacks counts as a miss (close to 1) unless its predicted
 * probabilities vanish; its gradient is of order `smooth`, so it neither explodes nor drives training. 0, with a gradient
 * of 0, if all pixels are ignored.
 *
 * @param logits `[batch, ...spatial, labels]`, label 0 the background; `[batch, ...spatial, 1]` for `'binary'`.
 * @param labels int32 `[batch, ...spatial]`, or float32 `[batch, ...spatial, labels]`: one-hot, or soft; only the latter
 *   for `'multilabel'`. No gradient flows to them, and values of integer labels are not looked at.
 * @throws {ShapeError} if the shapes do not fit together.
 * @throws {ValueError} if an option is out of range, or labels without a label axis are not int32.
 * @example
 * const loss = softDiceLoss(logits, labels, { includeBackground: true });
 *
 * *Source*: Milletari et al., "V-Net" (2016), section 3. Defaults as in pylot, the paper author's library, but for
 * the background, which the paper leaves out of its scores.
 */
export function softDiceLoss(logits: Tensor, labels: Tensor, options: SoftDiceOptions = {}): Scalar {
  const { squaredDenominator = true, smooth = 1e-7, includeBackground = false, perSample = true } = options;
  const score = diceScoreOf(squaredDenominator, options.log ?? false);
  if (!isFused(options)) return regionLoss('softDiceLoss', logits, labels, score, options);
  checkRegionOptions('softDiceLoss', options);
  checkLabels('softDiceLoss', logits, labels);
  const settings = { squaredDenominator, smooth, includeBackground, perSample };
  const weights = channelWeights('softDiceLoss', labelCount(logits), { includeBackground });
  return withOwnGradient(logits, (input) => {
    const z = asFloat(input);
    const truth = comparable(z, labels);
    return fusedSoftDice(z, truth, settings, () =>
      regionTerms('softDiceLoss', z, truth, score, settings, weights),
    );
  });
}

/** Whether the kernel `SshnSoftDice`, which does it in two passes over memory, knows all of these options. */
function isFused(options: SoftDiceOptions): boolean {
  const { task = 'multiclass', fromLogits = true, log = false, classWeights, ignoreLabel } = options;
  return (
    task === 'multiclass' && fromLogits && !log && classWeights === undefined && ignoreLabel === undefined
  );
}

function diceScoreOf(squared: boolean, isLog: boolean): RegionScore {
  const score: RegionScore = { gain: 2, overlap: 0, predicted: 1, truth: 1, squared };
  return isLog ? { ...score, cost: negativeLog } : score;
}

function negativeLog(score: Tensor): { cost: Tensor; slope: Tensor } {
  const positive = clipByValue(score, 1e-30, 1);
  return { cost: neg(log(positive)), slope: div(-1, positive) };
}
