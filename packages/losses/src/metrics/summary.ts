import { percentileOf, Rng, requireIntegers, requireOption, ValueError } from '@sshn/core';

/** What becomes of a label that is absent from both prediction and truth. */
export type EmptyPolicy = (typeof emptyPolicies)[number];
const emptyPolicies = ['undefined', 'one', 'skip'] as const;

/** Which labels a metric scores, and how. */
export interface ScoreOptions {
  /**
   * For a label that is absent from both prediction and truth: `'undefined'`, a score of NaN that no mean contains;
   * `'one'`, a perfect score (1; 0 mm for a distance); `'skip'`, no row in `perLabel`. Whichever it is, `undefinedLabels`
   * names the label.
   * @default 'undefined'
   */
  readonly empty?: EmptyPolicy;
  /** Whether label 0 is scored. @default false */
  readonly includeBackground?: boolean;
  /** Pixels of this true label count nowhere, and it has no score. It may be no label at all: 255, −1. */
  readonly ignoreLabel?: number;
}

/** The scores of one case. */
export interface LabelScores {
  /** Mean over the labels with a score; NaN where there is none. */
  readonly mean: number;
  /** By label, in ascending order. */
  readonly perLabel: ReadonlyMap<number, number>;
  /** Labels without a score of their own, absent from both prediction and truth, whatever the policy made of them. */
  readonly undefinedLabels: readonly number[];
  /** Labels absent from one of the two: missed altogether, or found where there is none. */
  readonly oneEmptyLabels: readonly number[];
}

/** Whether a label occurs. */
export interface Presence {
  readonly predicted: boolean;
  readonly truth: boolean;
}

/**
 * Applies the policy on empty labels: the one place where all metrics meet it.
 *
 * @param presence Where a label occurs.
 * @param score A label's score, where it occurs in one of the two at least; NaN where it has none even so.
 * @param perfect What `empty: 'one'` gives.
 */
export function scoreLabels(
  labels: number,
  presence: (label: number) => Presence,
  score: (label: number) => number,
  { empty = 'undefined', includeBackground = false, ignoreLabel }: ScoreOptions,
  perfect = 1,
): LabelScores {
  requireOption('empty', empty, emptyPolicies);
  const perLabel = new Map<number, number>();
  const undefinedLabels: number[] = [];
  const oneEmptyLabels: number[] = [];
  for (let label = includeBackground ? 0 : 1; label < labels; label++) {
    if (label === ignoreLabel) continue;
    const { predicted, truth } = presence(label);
    if (predicted !== truth) oneEmptyLabels.push(label);
    const value = predicted || truth ? score(label) : Number.NaN;
    if (Number.isNaN(value)) undefinedLabels.push(label);
    if (!Number.isNaN(value) || empty === 'undefined') perLabel.set(label, value);
    else if (empty === 'one') perLabel.set(label, perfect);
  }
  return { mean: meanOfDefined([...perLabel.values()]), perLabel, undefinedLabels, oneEmptyLabels };
}

/** The mean of the numbers that are not NaN; NaN where there are none. */
export function meanOfDefined(values: readonly number[]): number {
  const defined = values.filter((value) => !Number.isNaN(value));
  return defined.reduce((sum, value) => sum + value, 0) / defined.length;
}

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

/** Draws of cases with replacement: `resamples` rows of as many indices as there are cases. */
export type Resamples = readonly Uint32Array[];

export function drawResamples(cases: number, resamples: number, rng: Rng): Resamples {
  return Array.from({ length: resamples }, () =>
    Uint32Array.from({ length: cases }, () => rng.integer(cases)),
  );
}

/**
 * Bootstrap interval of the mean of one number per case, such as the difference of two networks on each image: where 95 % of
 * the means of resampled cases lie. NaN at both ends where there are fewer than two values, as one says nothing of spread.
 *
 * @param values One per case; NaN where it is undefined.
 * @throws {ValueError} if `resamples` is not a positive integer.
 * @example
 * bootstrapInterval([0.9, 0.8, 0.95]);   // about [0.8, 0.95]
 */
export function bootstrapInterval(
  values: readonly number[],
  { rng = Rng.fromSeed(0), resamples = 1000 }: { readonly rng?: Rng; readonly resamples?: number } = {},
): readonly [low: number, high: number] {
  requireIntegers('bootstrapInterval', { resamples });
  if (values.filter((value) => !Number.isNaN(value)).length < 2) return [Number.NaN, Number.NaN];
  return meanInterval(values, drawResamples(values.length, resamples, rng), 0.95);
}

/**
 * The percentile interval of a mean over cases: of the means of resampled cases, what leaves out half of
 * `1 − confidence` at either end. Undefined values (NaN) stay in the draw and out of the means; a draw without a defined
 * value counts for nothing.
 *
 * *Source*: Efron & Tibshirani, "An introduction to the bootstrap" (1993), section 13.3.
 */
export function meanInterval(
  values: readonly number[],
  resamples: Resamples,
  confidence: number,
): readonly [low: number, high: number] {
  const means: number[] = [];
  for (const draw of resamples) {
    let sum = 0;
    let count = 0;
    for (const index of draw) {
      const value = values[index]!;
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
    if (count > 0) means.push(sum / count);
  }
  const tail = 50 * (1 - confidence);
  return [percentileOf(means, tail), percentileOf(means, 100 - tail)];
}
