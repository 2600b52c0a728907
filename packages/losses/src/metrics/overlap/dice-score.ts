import { type LabelScores, type ScoreOptions, scoreLabels } from '../summary/label-scores.js';
import { type ConfusionCounts, confusionCounts } from './confusion-counts.js';

/** What `diceScore` needs to know. */
export interface DiceScoreOptions extends ScoreOptions {
  /** How many labels there are, the background included. */
  readonly labels: number;
}

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
export function diceScore(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  { labels, ...options }: DiceScoreOptions,
): LabelScores {
  return diceFromCounts(confusionCounts(predicted, truth, labels), options);
}

/** `diceScore` from counts, for those who have them already. */
export function diceFromCounts(counts: ConfusionCounts, options: ScoreOptions = {}): LabelScores {
  const { truePositives, falsePositives, falseNegatives } = counts;
  const dice = (label: number) => {
    const overlap = 2 * truePositives[label]!;
    return overlap / (overlap + falsePositives[label]! + falseNegatives[label]!);
  };
  return scoreLabels(truePositives.length, dice, options);
}
