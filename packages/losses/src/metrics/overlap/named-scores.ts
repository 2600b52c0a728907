import type { LabelScores, ScoreOptions } from '../summary/label-scores.js';
import { type ConfusionCounts, confusionCounts } from './confusion-counts.js';
import { type OverlapMetric, type OverlapOptions, overlapFromCounts } from './overlap-scores.js';

/** A metric of one case: labels of pixels in any order, integers 0 … labels − 1, predicted and true. */
export type OverlapScore = (
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  options: OverlapOptions,
) => LabelScores;

/**
 * Dice of label maps: twice the overlap over the sum of both sizes, per label, and its mean over foreground labels.
 *
 * `Dice_l = 2 |P_l ∩ T_l| / (|P_l| + |T_l|)`, in [0, 1]; 0 where one of the two is empty. Where both are, it is
 * undefined: NaN, left out of the mean, named in `undefinedLabels` (see `empty`).
 *
 * @param predicted Labels of one case in any order of pixels, integers 0 … labels − 1.
 * @param truth The same pixels' true labels.
 * @throws {ValueError} if the lengths differ, or at the first value that is no label.
 * @throws {OptionError} if `empty` is not one of its words.
 * @example
 * const { mean } = diceScore(predicted, truth, { labels: 3 });
 *
 * *Source*: Dice (1945); the paper, section 4: "we average the Dice score across all foreground labels".
 */
export const diceScore: OverlapScore = scoreOf('dice');

/** Jaccard (intersection over union), `|P ∩ T| / |P ∪ T|`; otherwise as `diceScore`. *Source*: Jaccard (1912). */
export const jaccardScore: OverlapScore = scoreOf('jaccard');

/** Precision, `|P ∩ T| / |P|`; 0 where only the prediction is empty; otherwise as `diceScore`. */
export const precisionScore: OverlapScore = scoreOf('precision');

/** Recall or sensitivity, `|P ∩ T| / |T|`; 0 where only the truth is empty; otherwise as `diceScore`. */
export const recallScore: OverlapScore = scoreOf('recall');

/** Specificity, the share of the pixels outside of T that are outside of P; otherwise as `diceScore`. */
export const specificityScore: OverlapScore = scoreOf('specificity');

/** Accuracy, the share of pixels that are in both or in neither of P and T; otherwise as `diceScore`. */
export const accuracyScore: OverlapScore = scoreOf('accuracy');

/**
 * Similarity of volumes, `1 − abs(|P| − |T|) / (|P| + |T|)`, wherever they lie; otherwise as `diceScore`.
 *
 * *Source*: Taha & Hanbury (2015), equation 21.
 */
export const volumeSimilarity: OverlapScore = scoreOf('volumeSimilarity');

/** `diceScore` from counts, for those who have them already. */
export function diceFromCounts(counts: ConfusionCounts, options: ScoreOptions = {}): LabelScores {
  return overlapFromCounts('dice', counts, options);
}

function scoreOf(metric: OverlapMetric): OverlapScore {
  return (predicted, truth, { labels, ...options }) =>
    overlapFromCounts(metric, confusionCounts(predicted, truth, labels, options), options);
}
