import { requireIntegers } from '@sshn/core';

/**
 * All combinations of some values for separate factors, the last factor running fastest.
 *
 * @param values Of each factor, in [0, 1].
 * @param factors How many factors there are: one per downsampling step.
 * @throws {ValueError} if `factors` is not a positive integer.
 * @example
 * factorGrid([0, 0.5], 2);   // [[0, 0], [0, 0.5], [0.5, 0], [0.5, 0.5]]
 *
 * *Source*: the paper, section C.2: 11³ = 1331 combinations.
 */
export function factorGrid(values: readonly number[], factors: number): number[][] {
  requireIntegers('factorGrid', { factors });
  let grid: number[][] = [[]];
  for (let i = 0; i < factors; i++) {
    grid = grid.flatMap((combination) => values.map((value) => [...combination, value]));
  }
  return grid;
}
