import { type Rng, requireIntegers, ValueError } from '@sshn/core';
import { checkUnique, rankedGroups } from './split.js';

/** One round of cross-validation. */
export interface Fold {
  readonly train: readonly string[];
  readonly test: readonly string[];
}

/** How many folds, and what must stay together. */
export interface FoldOptions {
  readonly count: number;
  /** The group (patient, slide, scanner) of an id; a group is never divided. @default every id on its own */
  readonly groupOf?: (id: string) => string;
}

/**
 * Splits ids at random for k-fold cross-validation: every id is tested in exactly one of `count` folds.
 *
 * Groups go to the fold that has fewest ids so far, large groups first, so that sizes differ by no more than one group
 * (without groups: by one id).
 *
 * @throws {ValueError} if an id occurs twice, or there are fewer groups than folds.
 * @example
 * for (const { train, test } of folds(dataset.ids, Rng.fromSeed(7), { count: 5 })) { … }
 */
export function folds(
  ids: readonly string[],
  rng: Rng,
  { count, groupOf = (id) => id }: FoldOptions,
): Fold[] {
  requireIntegers('folds', { count }, 2);
  checkUnique('folds', ids);
  const groups = [...rankedGroups(ids, groupOf, rng).values()].sort((a, b) => b.length - a.length);
  if (groups.length < count) {
    throw new ValueError({
      where: 'folds: count',
      got: count,
      expected: `at most ${groups.length}, one per group`,
    });
  }
  const tests = Array.from({ length: count }, () => new Set<string>());
  for (const group of groups) {
    const smallest = tests.reduce((least, fold) => (fold.size < least.size ? fold : least));
    for (const id of group) smallest.add(id);
  }
  return tests.map((test) => ({
    train: ids.filter((id) => !test.has(id)),
    test: ids.filter((id) => test.has(id)),
  }));
}
