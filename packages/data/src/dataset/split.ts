import { type Rng, requireIntegers, ValueError } from '@sshn/core';
import type { Dataset, Split } from './types.js';

/** Shares of training, validation and test: positive or 0, of sum 1. */
export type Fractions = readonly [train: number, validation: number, test: number];

const paperFractions: Fractions = [0.64, 0.16, 0.2];

/**
 * Splits ids at random into training, validation and test.
 *
 * Every id gets a random rank that depends on the generator and on its own name only. The first round(n · test) ranks
 * are the test split, the next round(n · validation) the validation split, the rest is for training: 400 ids give
 * 256 / 64 / 80. The parts keep the order of `ids`. So the order in which a file system lists files does not matter,
 * and adding a file moves at most one other id across each boundary. A split that must never move has to be stored
 * with the run.
 *
 * @param fractions Shares of training, validation and test. @default [0.64, 0.16, 0.2]
 * @throws {ValueError} if an id occurs twice or the fractions do not add up to 1.
 * @example
 * const { train, validation, test } = splitIds(dataset.ids, Rng.fromSeed(7));
 *
 * *Source*: the paper, section 5.1 (64 %, 16 %, 20 %).
 */
export function splitIds(ids: readonly string[], rng: Rng, fractions: Fractions = paperFractions): Split {
  return splitGroups(ids, (id) => id, rng, fractions);
}

/**
 * Splits ids at random so that all ids of one group (a patient, a slide, a scanner) land in the same part.
 *
 * Groups are ranked as `splitIds` ranks ids; test and validation take whole groups as long as that brings them
 * closer to their share, the rest is for training.
 *
 * @param groupOf The group of an id.
 * @throws {ValueError} if an id occurs twice or the fractions do not add up to 1.
 * @example
 * splitGroups(dataset.ids, (id) => id.split('-')[0]!, Rng.fromSeed(7));   // 'patient3-slice12' → 'patient3'
 */
export function splitGroups(
  ids: readonly string[],
  groupOf: (id: string) => string,
  rng: Rng,
  fractions: Fractions = paperFractions,
): Split {
  checkFractions(fractions);
  checkUnique('splitIds', ids);
  const groups = [...rankedGroups(ids, groupOf, rng).values()];
  const [, validationShare, testShare] = fractions;
  const test = takeGroups(groups, Math.round(ids.length * testShare));
  const validation = takeGroups(groups, Math.round(ids.length * validationShare));
  return {
    train: ids.filter((id) => !test.has(id) && !validation.has(id)),
    validation: ids.filter((id) => validation.has(id)),
    test: ids.filter((id) => test.has(id)),
  };
}

/**
 * The split of a dataset: by subject where several examples are of one, else by id.
 *
 * @param fractions Shares of training, validation and test. @default [0.64, 0.16, 0.2]
 * @throws {ValueError} if the fractions do not add up to 1.
 */
export function splitDataset(
  { ids, subjectOf = (id) => id }: Pick<Dataset, 'ids' | 'subjectOf'>,
  rng: Rng,
  fractions: Fractions = paperFractions,
): Split {
  return splitGroups(ids, subjectOf, rng, fractions);
}

/** The groups in random order; the rank of a group does not depend on which others there are. */
export function rankedGroups(
  ids: readonly string[],
  groupOf: (id: string) => string,
  rng: Rng,
): Map<string, string[]> {
  const members = new Map<string, string[]>();
  for (const id of ids) {
    const group = groupOf(id);
    members.set(group, [...(members.get(group) ?? []), id]);
  }
  const draws = rng.split('split');
  return new Map(
    [...members]
      .map(([group, inGroup]) => ({ group, inGroup, rank: draws.split(group).uniform() }))
      .sort((a, b) => a.rank - b.rank || (a.group < b.group ? -1 : 1))
      .map(({ group, inGroup }) => [group, inGroup]),
  );
}

/** @throws {ValueError} naming the first id that occurs twice. */
export function checkUnique(where: string, ids: readonly string[]): void {
  const seen = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) throw new ValueError({ where: `${where}: ids`, got: id, expected: 'every id once' });
    seen.add(id);
  }
}

/** Removes groups from the list, in order, whenever that brings the number of ids taken closer to `target`. */
function takeGroups(groups: string[][], target: number): Set<string> {
  const taken = new Set<string>();
  for (let i = 0; i < groups.length; ) {
    const after = taken.size + groups[i]!.length;
    if (Math.abs(after - target) < Math.abs(taken.size - target)) {
      for (const id of groups.splice(i, 1)[0]!) taken.add(id);
    } else i++;
  }
  return taken;
}

function checkFractions(fractions: Fractions): void {
  const sum = fractions.reduce((total, f) => total + f, 0);
  if (fractions.length !== 3 || !fractions.every((f) => f >= 0) || Math.abs(sum - 1) > 1e-9) {
    throw new ValueError({
      where: 'splitIds: fractions',
      got: fractions,
      expected: 'shares of training, validation and test, none negative, of sum 1',
    });
  }
}

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
