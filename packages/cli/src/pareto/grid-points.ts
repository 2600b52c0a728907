import { frontOf } from './curve.js';
import type { SeparateResult } from './kept-results.js';

/** A combination of separate factors, with its place among all of them. */
export interface GridPoint extends SeparateResult {
  /** Whether it is on the front: see `frontOf`. */
  readonly isOnFront: boolean;
  /** Whether all of its factors are the same, as those of a network with a common one are. */
  readonly isEqual: boolean;
}

/** Results by cost, with the front over all of them: Dice against FLOPs. */
export function gridPoints(results: readonly SeparateResult[]): GridPoint[] {
  const front = frontOf(results);
  return results
    .map((result) => ({
      ...result,
      isOnFront: front.has(result),
      isEqual: result.factor.every((factor) => factor === result.factor[0]),
    }))
    .sort((a, b) => a.gflops - b.gflops || a.dice - b.dice);
}

/**
 * How much Dice separate factors gain over equal ones at the same cost or less, at most; 0 if nothing.
 *
 * *Source*: the paper, section C.2: "having a single rescaling factor is a good choice for this task".
 */
export function largestGain(points: readonly GridPoint[]): number {
  const equal = points.filter(({ isEqual, dice }) => isEqual && !Number.isNaN(dice));
  const gains = points
    .filter(({ isOnFront }) => isOnFront)
    .map((point) => {
      const affordable = equal.filter(({ gflops }) => gflops <= point.gflops);
      return affordable.length === 0 ? 0 : point.dice - Math.max(...affordable.map(({ dice }) => dice));
    });
  return Math.max(0, ...gains);
}
