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
