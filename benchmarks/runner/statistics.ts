/** The middle value, or the mean of the two in the middle. @throws {RangeError} if there are none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which a share of the values lies, between two of them by linear interpolation. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('quantile: there are no values.');
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)]!;
  const above = sorted[Math.ceil(at)]!;
  return below + (at - Math.floor(at)) * (above - below);
}

/** Repeated timings in short. */
export interface Timing {
  readonly median: number;
  /** The quartiles: half of the timings lie between them. */
  readonly spread: readonly [low: number, high: number];
}

/** Median and quartiles. */
export function summarize(values: readonly number[]): Timing {
  return { median: median(values), spread: [quantile(values, 0.25), quantile(values, 0.75)] };
}
