import type { Factor } from '@sshn/core';

/** Dice as the report writes it: 4 decimals, or a dash where it is undefined. */
export function diceText(dice: number | undefined): string {
  return dice === undefined || Number.isNaN(dice) ? '–' : dice.toFixed(4);
}

/** A cost with 3 significant digits or more: 0.0123, 1.23, 123. */
export function costText(cost: number): string {
  return cost >= 100 ? cost.toFixed(0) : cost.toPrecision(3);
}

/** A rescaling factor: two decimals, more where it has more; separate ones one after the other. */
export function factorText(factor: Factor): string {
  if (typeof factor !== 'number') return factor.map(factorText).join(', ');
  const text = String(factor);
  return text.length > 4 ? text : factor.toFixed(2);
}

/** An amount of memory: '3.4 MB', decimal units. */
export function bytesText(bytes: number): string {
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

/** A count with separators: '1,234,567'. */
export function countText(count: number): string {
  return count.toLocaleString('en');
}

/** 'φ = 0.25', never broken between lines. */
export function phiText(factor: Factor): string {
  return `φ\u00a0=\u00a0${factorText(factor)}`;
}

/** A duration as people say it: '0.4 s', '45 s', '3 min 10 s', '2 h 5 min'. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'unknown';
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A path as a POSIX shell reads it back. */
export function shellQuoted(path: string): string {
  return /^[\w./@%+:,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/**
 * Rows of cells as a text table whose columns are aligned, the first to the left and the others to the right.
 *
 * @param head One word per column.
 */
export function textTable(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const widths = head.map((word, column) => Math.max(word.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n');
}
