/**
 * A percentile by linear interpolation between order statistics: with n values in rising order, the one at the place
 * `percentile / 100 · (n − 1)`, counted from 0. NaN where there are no values; no value may be NaN.
 *
 * *Source*: type 7 of Hyndman & Fan, "Sample quantiles in statistical packages" (1996); the default of NumPy.
 */
export function percentileOf(values: ArrayLike<number>, percentile: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  const place = (percentile / 100) * (sorted.length - 1);
  const low = sorted[Math.floor(place)]!;
  const high = sorted[Math.ceil(place)]!;
  // Between equal numbers there is nothing to interpolate, and infinite ones cannot be subtracted.
  return low === high ? low : low + (high - low) * (place - Math.floor(place));
}
