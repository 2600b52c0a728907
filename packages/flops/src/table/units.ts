/**
 * A count in four digits: 195225 → '195.2 K', 2487378944 → '2.487 G'. K, M, G, T are 10³, 10⁶, 10⁹, 10¹².
 */
export function formatCount(count: number): string {
  return scaled(count, 1000, ['', 'K', 'M', 'G', 'T', 'P']);
}

/** A size in four digits: 8388608 → '8.000 MiB'. 1 KiB is 1024 bytes. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']);
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let [amount, unit] = [value, 0];
  // 999.96 K would print as 1000 K.
  while (unit < units.length - 1 && (unit === 0 ? amount >= base : Number(amount.toPrecision(4)) >= base)) {
    amount /= base;
    unit++;
  }
  const digits = unit === 0 ? `${amount}` : amount.toFixed(Math.max(0, 4 - `${Math.floor(amount)}`.length));
  return `${digits} ${units[unit]}`.trimEnd();
}
