import { requireIntegers } from '@sshn/core';

/**
 * Which points are on the Pareto front: no other point costs at most as much and is worth at least as much, and is better
 * in one of the two. Points equal in both are all on it or all not; a point whose value is NaN never is.
 *
 * @example
 * paretoFront([{ cost: 1, value: 0.8 }, { cost: 2, value: 0.7 }]);   // [true, false]
 */
export function paretoFront(
  points: ReadonlyArray<{ readonly cost: number; readonly value: number }>,
): boolean[] {
  return points.map(
    (a) =>
      !Number.isNaN(a.value) &&
      !points.some((b) => b.cost <= a.cost && b.value >= a.value && (b.cost < a.cost || b.value > a.value)),
  );
}

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
