import { Rng, requireIntegers, ValueError } from '@sshn/core';
import { drawResamples, meanInterval, type Resamples } from './bootstrap.js';
import { type LabelScores, meanOfDefined } from './label-scores.js';
import { percentileOf } from './percentile.js';

/** Mean, median and interval of one number per case. */
export interface Summary {
  /** Mean over the cases with a score; NaN where there is none. */
  readonly mean: number;
  /** Their median; NaN where there is none. */
  readonly median: number;
  /** Bootstrap interval of the mean, over resampled cases. */
  readonly interval: readonly [low: number, high: number];
  /** How many cases the mean contains. */
  readonly cases: number;
}

/** One label over all cases. */
export interface LabelSummary extends Summary {
  /** In how many cases the label was absent from both prediction and truth. */
  readonly undefinedCases: number;
  /** In how many cases it was absent from one of the two; what such a case scores is in the mean. */
  readonly oneEmptyCases: number;
}

/** The scores of many cases: of each case's mean over labels, and label by label. */
export interface ScoreSummary extends Summary {
  /** How many cases have no score at all. */
  readonly undefinedCases: number;
  /** By label, in ascending order. */
  readonly perLabel: ReadonlyMap<number, LabelSummary>;
  /** The mean of each case, in the order of the cases; NaN where it has none. */
  readonly perCase: readonly number[];
}

/** How the interval is found. */
export interface SummaryOptions {
  /** Source of the resampled cases. @default Rng.fromSeed(0), so that the same scores have the same interval */
  readonly rng?: Rng;
  /** How often all cases are resampled, ≥ 1. @default 1000 */
  readonly resamples?: number;
  /** Share of the resampled means that the interval holds, in (0, 1). @default 0.95 */
  readonly confidence?: number;
}

/**
 * Sums up the scores of many cases: means (with bootstrap intervals) and medians over those that are defined, with the
 * number of those that are not beside them. A label absent from all cases has a row that says so, and is in no mean.
 *
 * An infinite distance makes its mean infinite: see `oneEmpty` of the surface metrics, and the median.
 *
 * @throws {ValueError} if `resamples` or `confidence` is out of range.
 * @example
 * const summary = summarizeScores(cases.map(({ predicted, truth }) => diceScore(predicted, truth, { labels: 3 })));
 * console.log(summary.mean, summary.interval, summary.undefinedCases);
 */
export function summarizeScores(scores: readonly LabelScores[], options: SummaryOptions = {}): ScoreSummary {
  const { rng = Rng.fromSeed(0), resamples = 1000, confidence = 0.95 } = options;
  requireIntegers('summarizeScores', { resamples });
  if (!(confidence > 0 && confidence < 1)) {
    throw new ValueError({
      where: 'summarizeScores: confidence',
      got: confidence,
      expected: 'a number between 0 and 1',
    });
  }
  // The same draws for all rows: a case is resampled with all of its labels.
  const draws = drawResamples(scores.length, resamples, rng);
  const labels = new Set(
    scores.flatMap(({ perLabel, undefinedLabels }) => [...perLabel.keys(), ...undefinedLabels]),
  );
  const perLabel = new Map<number, LabelSummary>();
  for (const label of [...labels].sort((a, b) => a - b)) {
    const values = scores.map((score) => score.perLabel.get(label) ?? Number.NaN);
    perLabel.set(label, {
      ...summarize(values, draws, confidence),
      undefinedCases: scores.filter(({ undefinedLabels }) => undefinedLabels.includes(label)).length,
      oneEmptyCases: scores.filter(({ oneEmptyLabels }) => oneEmptyLabels.includes(label)).length,
    });
  }
  const means = scores.map(({ mean }) => mean);
  const overall = summarize(means, draws, confidence);
  return { ...overall, undefinedCases: scores.length - overall.cases, perLabel, perCase: means };
}

function summarize(values: readonly number[], draws: Resamples, confidence: number): Summary {
  const defined = values.filter((value) => !Number.isNaN(value));
  return {
    mean: meanOfDefined(values),
    median: percentileOf(defined, 50),
    interval: meanInterval(values, draws, confidence),
    cases: defined.length,
  };
}
