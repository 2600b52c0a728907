import { requireIntegers, requireOption, ValueError } from '@sshn/core';
import { argMax, type Tensor } from '@tensorflow/tfjs-core';
import { checkLabels, labelCount } from '../input/labels.js';
import { predictLabels } from '../predict-labels.js';
import { type LabelScores, type ScoreOptions, scoreLabels } from './summary.js';

/** Pixels by label: what overlap metrics are made of. Each list has one entry per label, the background first. */
export interface ConfusionCounts {
  /** How many pixels count: all but the ignored ones. */
  readonly pixels: number;
  readonly truePositives: readonly number[];
  readonly falsePositives: readonly number[];
  readonly falseNegatives: readonly number[];
  readonly trueNegatives: readonly number[];
}

/**
 * Counts, label by label, where a prediction and the truth agree and differ.
 *
 * @param predicted Labels of one case in any order of pixels, integers 0 … labels − 1.
 * @param truth The same pixels' true labels.
 * @param labels How many labels there are, the background included.
 * @param options.ignoreLabel Pixels of this true label do not count; it may be no label at all: 255, −1.
 * @throws {ValueError} if the lengths differ, or at the first value that is no label.
 * @example
 * confusionCounts([0, 1, 1], [0, 1, 0], 2).falsePositives;   // [0, 1]
 */
export function confusionCounts(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  labels: number,
  { ignoreLabel }: { readonly ignoreLabel?: number } = {},
): ConfusionCounts {
  requireIntegers('confusionCounts', { labels });
  if (predicted.length !== truth.length) {
    throw new ValueError({
      where: 'confusionCounts',
      got: predicted.length,
      expected: `as many predicted labels as true ones, ${truth.length}`,
    });
  }
  const truePositives = new Array<number>(labels).fill(0);
  const falsePositives = new Array<number>(labels).fill(0);
  const falseNegatives = new Array<number>(labels).fill(0);
  let pixels = 0;
  for (let i = 0; i < truth.length; i++) {
    const p = predicted[i]!;
    const t = truth[i]!;
    if (t === ignoreLabel) continue;
    // An index out of range or a fraction finds no counter.
    if (truePositives[p] === undefined) throw noLabel('predicted', p, i, labels);
    if (truePositives[t] === undefined) throw noLabel('true', t, i, labels);
    pixels++;
    if (p === t) truePositives[p]! += 1;
    else {
      falsePositives[p]! += 1;
      falseNegatives[t]! += 1;
    }
  }
  const trueNegatives = truePositives.map(
    (hits, l) => pixels - hits - falsePositives[l]! - falseNegatives[l]!,
  );
  return { pixels, truePositives, falsePositives, falseNegatives, trueNegatives };
}

function noLabel(which: string, got: number, index: number, labels: number): ValueError {
  return new ValueError({
    where: `confusionCounts: ${which} label at index ${index}`,
    got,
    expected: `an integer from 0 to ${labels - 1}`,
  });
}

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

/**
 * `diceScore` of every sample of a batch, from logits.
 *
 * @param logits `[batch, ...spatial, labels]`, label 0 the background.
 * @param labels int32 `[batch, ...spatial]`, or one-hot `[batch, ...spatial, labels]`.
 * @throws {ShapeError} if the shapes do not fit together.
 * @throws {ValueError} at the first true label that is none, or if labels without a label axis are not int32.
 * @example
 * const scores = await diceScoresOfBatch(network.apply(params, images, at), labels);
 * const { mean } = summarizeScores(scores);
 */
export async function diceScoresOfBatch(
  logits: Tensor,
  labels: Tensor,
  options: ScoreOptions = {},
): Promise<LabelScores[]> {
  checkLabels('diceScoresOfBatch', logits, labels);
  const predicted = await read(predictLabels(logits));
  const truth = labels.rank === logits.rank ? await read(argMax(labels, -1)) : await labels.data();
  const samples = logits.shape[0]!;
  const pixels = truth.length / samples;
  return Array.from({ length: samples }, (_, i) =>
    diceScore(
      predicted.subarray(i * pixels, (i + 1) * pixels),
      truth.subarray(i * pixels, (i + 1) * pixels),
      { ...options, labels: labelCount(logits) },
    ),
  );
}

async function read(tensor: Tensor): Promise<Int32Array> {
  try {
    return (await tensor.data()) as Int32Array;
  } finally {
    tensor.dispose();
  }
}
