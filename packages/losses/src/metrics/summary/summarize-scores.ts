import { type LabelScores, meanOfDefined } from './label-scores.js';

/** One label over all cases. */
export interface LabelSummary {
  /** Mean over the cases with a score; NaN where there is none. */
  readonly mean: number;
  /** How many cases that mean contains. */
  readonly cases: number;
  /** In how many cases the label was absent from both prediction and truth. */
  readonly undefinedCases: number;
}

/** The scores of many cases. */
export interface ScoreSummary {
  /** Mean over cases of each case's mean over labels; NaN where there is none. */
  readonly mean: number;
  /** How many cases that mean contains. */
  readonly cases: number;
  /** How many cases have no score at all. */
  readonly undefinedCases: number;
  /** By label, in ascending order. */
  readonly perLabel: ReadonlyMap<number, LabelSummary>;
}

/**
 * Sums up the scores of many cases: means over those that are defined, with the number that are not beside them.
 *
 * @example
 * const summary = summarizeScores(cases.map(({ predicted, truth }) => diceScore(predicted, truth, { labels: 3 })));
 */
export function summarizeScores(scores: readonly LabelScores[]): ScoreSummary {
  const labels = new Set(
    scores.flatMap(({ perLabel, undefinedLabels }) => [...perLabel.keys(), ...undefinedLabels]),
  );
  const perLabel = new Map<number, LabelSummary>();
  for (const label of [...labels].sort((a, b) => a - b)) {
    perLabel.set(label, {
      ...average(scores.map((score) => score.perLabel.get(label) ?? Number.NaN)),
      undefinedCases: scores.filter(({ undefinedLabels }) => undefinedLabels.includes(label)).length,
    });
  }
  const overall = average(scores.map(({ mean }) => mean));
  return { ...overall, undefinedCases: scores.length - overall.cases, perLabel };
}

function average(values: readonly number[]): { mean: number; cases: number } {
  return { mean: meanOfDefined(values), cases: values.filter((value) => !Number.isNaN(value)).length };
}
