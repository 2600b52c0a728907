/** Three significant digits at least, as milliseconds are read: `'0.132'`, `'12.3'`, `'1234'`. */
export function formatMs(ms: number): string {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(ms, 1e-3))));
  return ms.toFixed(digits);
}

/** Median and quartiles: `'12.3 (12.1–12.9)'`. */
export function formatTiming(median: number, [low, high]: readonly [number, number]): string {
  return `${formatMs(median)} (${formatMs(low)}–${formatMs(high)})`;
}

/** `'7.43×'`. */
export function formatRatio(ratio: number): string {
  return `${ratio.toFixed(ratio < 10 ? 2 : 1)}×`;
}
