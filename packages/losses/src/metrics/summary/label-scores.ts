import { requireOption } from '@sshn/core';

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
