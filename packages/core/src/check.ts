import { engine } from '@tensorflow/tfjs-core';
import { NoBackendError, OptionError, ValueError } from './errors.js';

/**
 * Checks counts such as channels, kernel edges and batch sizes.
 *
 * @throws {ValueError} naming the first value that is not an integer ≥ `least`.
 */
export function requireIntegers(where: string, values: Readonly<Record<string, number>>, least = 1): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isInteger(value) || value < least) {
      throw new ValueError({
        where: `${where}: ${name}`,
        got: value,
        expected: `an integer of at least ${least}`,
      });
    }
  }
}

/**
 * Checks that a word is one of a list.
 *
 * @throws {OptionError} naming the list and the nearest word.
 */
export function requireOption<const Words extends readonly string[]>(
  option: string,
  got: string,
  allowed: Words,
): asserts got is Words[number] {
  if (!allowed.includes(got)) throw new OptionError(option, got, allowed);
}

/** Checks the number of spatial dimensions. @throws {ValueError} if it is not 2 or 3. */
export function requireRank(where: string, rank: number): asserts rank is 2 | 3 {
  if (rank === 2 || rank === 3) return;
  throw new ValueError({ where: `${where}: rank`, got: rank, expected: '2 or 3 spatial dimensions' });
}

/**
 * The first value that is NaN or infinite; undefined if all are finite. A plain loop, as `every` and `find` call a function for
 * each of millions.
 */
export function firstNonFinite(values: ArrayLike<number>): number | undefined {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) return values[i];
  }
  return undefined;
}

/**
 * Checks, before the first tensors are made, that something can compute: what tfjs says otherwise names no way out.
 *
 * @throws {NoBackendError} if no backend is registered.
 */
export function requireBackend(where: string): void {
  if (Object.keys(engine().registryFactory).length === 0) throw new NoBackendError(where);
}
