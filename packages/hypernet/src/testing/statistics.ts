/** The mean. */
export function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Root of the mean square. */
export function rms(values: readonly number[]): number {
  return Math.sqrt(average(values.map((value) => value ** 2)));
}
