/** The smallest and the largest of some numbers; NaN is passed over. */
export function rangeOf(values: ArrayLike<number>): [low: number, high: number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/**
 * A percentile by linear interpolation between order statistics: of n values in rising order the one at the place
 * `percent / 100 · (n − 1)`, counted from 0. The 50th is the median. NaN where there are no values; none may be NaN.
 *
 * *Source*: type 7 of Hyndman & Fan, "Sample quantiles in statistical packages" (1996); the default of NumPy.
 */
export function percentileOf(values: ArrayLike<number>, percent: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  const place = (percent / 100) * (sorted.length - 1);
  const low = sorted[Math.floor(place)]!;
  const high = sorted[Math.ceil(place)]!;
  // Between equal numbers there is nothing to interpolate, and infinite ones cannot be subtracted.
  return low === high ? low : low + (high - low) * (place - Math.floor(place));
}
