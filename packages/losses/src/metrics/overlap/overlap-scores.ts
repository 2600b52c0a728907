import { requireOption } from '@sshn/core';
import { type LabelScores, type ScoreOptions, scoreLabels } from '../summary/label-scores.js';
import { type ConfusionCounts, confusionCounts } from './confusion-counts.js';

/** What an overlap metric needs to know. */
export interface OverlapOptions extends ScoreOptions {
  /** How many labels there are, the background included. */
  readonly labels: number;
}

/** Pixels of one label: true and false positives and negatives. */
interface Counts {
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
  readonly tn: number;
}

const formulas = {
  dice: ({ tp, fp, fn }: Counts) => (2 * tp) / (2 * tp + fp + fn),
  jaccard: ({ tp, fp, fn }: Counts) => tp / (tp + fp + fn),
  precision: ({ tp, fp }: Counts) => tp / (tp + fp),
  recall: ({ tp, fn }: Counts) => tp / (tp + fn),
  specificity: ({ tn, fp }: Counts) => tn / (tn + fp),
  negativePredictiveValue: ({ tn, fn }: Counts) => tn / (tn + fn),
  accuracy: ({ tp, fp, fn, tn }: Counts) => (tp + tn) / (tp + fp + fn + tn),
  balancedAccuracy: ({ tp, fp, fn, tn }: Counts) => (tp / (tp + fn) + tn / (tn + fp)) / 2,
  volumeSimilarity: ({ tp, fp, fn }: Counts) => 1 - Math.abs(fn - fp) / (2 * tp + fp + fn),
} as const;

/** The name of an overlap metric. */
export type OverlapMetric = keyof typeof formulas;

/** All names of overlap metrics. */
export const overlapMetrics = Object.keys(formulas) as readonly OverlapMetric[];

/**
 * One overlap metric from counts, per label, and its mean over foreground labels.
 *
 * With tp, fp, fn, tn the true and false positives and negatives of a label, all in [0, 1]:
 *
 * | metric | formula | also called |
 * |---|---|---|
 * | `dice` | 2 tp / (2 tp + fp + fn) | F1 |
 * | `jaccard` | tp / (tp + fp + fn) | intersection over union |
 * | `precision` | tp / (tp + fp) | positive predictive value |
 * | `recall` | tp / (tp + fn) | sensitivity, true positive rate |
 * | `specificity` | tn / (tn + fp) | true negative rate |
 * | `negativePredictiveValue` | tn / (tn + fn) | |
 * | `accuracy` | (tp + tn) / pixels | |
 * | `balancedAccuracy` | (recall + specificity) / 2 | |
 * | `volumeSimilarity` | 1 − abs(fn − fp) / (2 tp + fp + fn) | |
 *
 * A label absent from both prediction and truth is undefined in each of them (see `empty`), even where the formula has a
 * value: 1 for every label that nobody sees tells nothing. Absent from one of the two, it scores what the formula says
 * (0 for Dice, Jaccard and volume similarity), and 0 where that is 0 / 0.
 *
 * @throws {OptionError} if there is no such metric, or `empty` is not one of its words.
 * @example
 * overlapFromCounts('recall', confusionCounts(predicted, truth, 3)).perLabel.get(1);
 *
 * *Source*: Taha & Hanbury, "Metrics for evaluating 3D medical image segmentation" (2015), table 1.
 */
export function overlapFromCounts(
  metric: OverlapMetric,
  counts: ConfusionCounts,
  options: ScoreOptions = {},
): LabelScores {
  requireOption('metric', metric, overlapMetrics);
  const of = (label: number): Counts => ({
    tp: counts.truePositives[label]!,
    fp: counts.falsePositives[label]!,
    fn: counts.falseNegatives[label]!,
    tn: counts.trueNegatives[label]!,
  });
  const presence = (label: number) => {
    const { tp, fp, fn } = of(label);
    return { predicted: tp + fp > 0, truth: tp + fn > 0 };
  };
  const score = (label: number) => {
    const { predicted, truth } = presence(label);
    const value = formulas[metric](of(label));
    return predicted !== truth && Number.isNaN(value) ? 0 : value;
  };
  return scoreLabels(counts.truePositives.length, presence, score, options);
}

/**
 * Several overlap metrics of one case from one count.
 *
 * @param predicted Labels of one case in any order of pixels, integers 0 … labels − 1.
 * @param truth The same pixels' true labels.
 * @param options.metrics Which. @default all of them
 * @throws {ValueError} if the lengths differ, or at the first value that is no label.
 * @throws {OptionError} if there is no such metric, or `empty` is not one of its words.
 * @example
 * const { dice, recall } = overlapScores(predicted, truth, { labels: 3, metrics: ['dice', 'recall'] });
 */
export function overlapScores<Metric extends OverlapMetric = OverlapMetric>(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  options: OverlapOptions & { readonly metrics?: readonly Metric[] },
): Record<Metric, LabelScores> {
  const { labels, metrics = overlapMetrics as readonly Metric[], ...policy } = options;
  const counts = confusionCounts(predicted, truth, labels, policy);
  return Object.fromEntries(
    metrics.map((metric) => [metric, overlapFromCounts(metric, counts, policy)]),
  ) as Record<Metric, LabelScores>;
}
