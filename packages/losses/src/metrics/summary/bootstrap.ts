import type { Rng } from '@sshn/core';
import { percentileOf } from './percentile.js';

/** Draws of cases with replacement: `resamples` rows of as many indices as there are cases. */
export type Resamples = readonly Uint32Array[];

export function drawResamples(cases: number, resamples: number, rng: Rng): Resamples {
  return Array.from({ length: resamples }, () =>
    Uint32Array.from({ length: cases }, () => rng.integer(cases)),
  );
}

/**
 * The percentile interval of a mean over cases: of the means of resampled cases, what leaves out half of
 * `1 − confidence` at either end. Undefined values (NaN) stay in the draw and out of the means; a draw without a defined
 * value counts for nothing.
 *
 * *Source*: Efron & Tibshirani, "An introduction to the bootstrap" (1993), section 13.3.
 */
export function meanInterval(
  values: readonly number[],
  resamples: Resamples,
  confidence: number,
): readonly [low: number, high: number] {
  const means: number[] = [];
  for (const draw of resamples) {
    let sum = 0;
    let count = 0;
    for (const index of draw) {
      const value = values[index]!;
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
    if (count > 0) means.push(sum / count);
  }
  const tail = 50 * (1 - confidence);
  return [percentileOf(means, tail), percentileOf(means, 100 - tail)];
}
