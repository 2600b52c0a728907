import { requireOption } from '@sshn/core';

/** What becomes of a label that is absent from both prediction and truth. */
export type EmptyPolicy = (typeof emptyPolicies)[number];
const emptyPolicies = ['undefined', 'one', 'skip'] as const;

/** Which labels an overlap metric scores, and how. */
export interface ScoreOptions {
  /**
   * For a label that is absent from both prediction and truth: `'undefined'`, a score of NaN that no mean contains;
   * `'one'`, a perfect score; `'skip'`, no row in `perLabel`. Whichever it is, `undefinedLabels` names the label.
   * @default 'undefined'
   */
  readonly empty?: EmptyPolicy;
  /** Whether label 0 is scored. @default false */
  readonly includeBackground?: boolean;
}

/** The scores of one case. */
export interface LabelScores {
  /** Mean over the labels with a score; NaN where there is none. */
  readonly mean: number;
  /** By label, in ascending order. */
  readonly perLabel: ReadonlyMap<number, number>;
  /** Labels absent from both prediction and truth, whatever the policy made of them. */
  readonly undefinedLabels: readonly number[];
}

/**
 * Applies the policy on empty labels: the one place where all overlap metrics meet it.
 *
 * @param score A label's score; NaN where it is absent from both.
 */
export function scoreLabels(
  labels: number,
  score: (label: number) => number,
  { empty = 'undefined', includeBackground = false }: ScoreOptions,
): LabelScores {
  requireOption('empty', empty, emptyPolicies);
  const perLabel = new Map<number, number>();
  const undefinedLabels: number[] = [];
  for (let label = includeBackground ? 0 : 1; label < labels; label++) {
    const value = score(label);
    if (Number.isNaN(value)) undefinedLabels.push(label);
    if (!Number.isNaN(value) || empty === 'undefined') perLabel.set(label, value);
    else if (empty === 'one') perLabel.set(label, 1);
  }
  return { mean: meanOfDefined([...perLabel.values()]), perLabel, undefinedLabels };
}

/** The mean of the numbers that are not NaN; NaN where there are none. */
export function meanOfDefined(values: readonly number[]): number {
  const defined = values.filter((value) => !Number.isNaN(value));
  return defined.reduce((sum, value) => sum + value, 0) / defined.length;
}
