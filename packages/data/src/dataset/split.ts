import { type Rng, ValueError } from '@sshn/core';
import type { Split } from './types.js';

/**
 * Splits ids at random into training, validation and test.
 *
 * Of n ids, round(n · fraction) go to the test and the validation split, the rest to training: 400 ids give
 * 256 / 64 / 80. The parts keep the order of `ids`. The result depends on the set of ids and on the generator, not on
 * the order in which a file system lists them.
 *
 * @param fractions Of training, validation and test; positive or 0, their sum 1. @default [0.64, 0.16, 0.2]
 * @throws {ValueError} if an id occurs twice or the fractions do not add up to 1.
 * @example
 * const { train, validation, test } = splitIds(dataset.ids, Rng.fromSeed(7));
 *
 * *Source*: the paper, section 5.1 (64 % / 16 % / 20 %).
 */
export function splitIds(
  ids: readonly string[],
  rng: Rng,
  fractions: readonly [train: number, validation: number, test: number] = [0.64, 0.16, 0.2],
): Split {
  const sum = fractions[0] + fractions[1] + fractions[2];
  if (!(fractions.every((f) => f >= 0) && Math.abs(sum - 1) < 1e-9)) {
    throw new ValueError({
      where: 'splitIds: fractions',
      got: fractions,
      expected: 'three numbers ≥ 0 of sum 1',
    });
  }
  if (new Set(ids).size < ids.length) {
    const twice = ids.find((id, i) => ids.indexOf(id) < i);
    throw new ValueError({ where: 'splitIds: ids', got: twice, expected: 'every id once' });
  }
  const shuffled = rng.split('split').shuffle([...ids].sort());
  const tests = Math.round(ids.length * fractions[2]);
  const validations = Math.min(ids.length - tests, Math.round(ids.length * fractions[1]));
  const test = new Set(shuffled.slice(0, tests));
  const validation = new Set(shuffled.slice(tests, tests + validations));
  return {
    train: ids.filter((id) => !test.has(id) && !validation.has(id)),
    validation: ids.filter((id) => validation.has(id)),
    test: ids.filter((id) => test.has(id)),
  };
}
