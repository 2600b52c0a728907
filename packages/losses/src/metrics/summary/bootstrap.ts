import { Rng, requireIntegers } from '@sshn/core';
import { percentileOf } from './percentile.js';

/** Draws of cases with replacement: `resamples` rows of as many indices as there are cases. */
export type Resamples = readonly Uint32Array[];

export function drawResamples(cases: number, resamples: number, rng: Rng): Resamples {
  return Array.from({ length: resamples }, () =>
    Uint32Array.from({ length: cases }, () => rng.integer(cases)),
  );
}

/**
 * Bootstrap interval of the mean of one number per case, such as the difference of two networks on each image: where 95 % of
 * the means of resampled cases lie. NaN at both ends where there are fewer than two values, as one says nothing of spread.
 *
 * @param values One per case; NaN where it is undefined.
 * @throws {ValueError} if `resamples` is not a positive integer.
 * @example
 * bootstrapInterval([0.9, 0.8, 0.95]);   // about [0.8, 0.95]
 */
export function bootstrapInterval(
  values: readonly number[],
  { rng = Rng.fromSeed(0), resamples = 1000 }: { readonly rng?: Rng; readonly resamples?: number } = {},
): readonly [low: number, high: number] {
  requireIntegers('bootstrapInterval', { resamples });
  if (values.filter((value) => !Number.isNaN(value)).length < 2) return [Number.NaN, Number.NaN];
  return meanInterval(values, drawResamples(values.length, resamples, rng), 0.95);
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
