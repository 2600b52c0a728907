import type { Factor } from '@sshn/core';

/** Dice as the report writes it: 4 decimals, or a dash where it is undefined. */
export function diceText(dice: number | undefined): string {
  return dice === undefined || Number.isNaN(dice) ? '–' : dice.toFixed(4);
}

/** A cost with 3 significant digits or more: 0.0123, 1.23, 123; a dash where it was not measured. */
export function costText(cost: number): string {
  if (Number.isNaN(cost)) return '–';
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

/** A duration in words: '0.4 s', '45 s', '3 min 10 s', '2 h 5 min'. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'unknown';
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/**
 * A text that a terminal shows and does not obey: control characters, and those that turn the direction of writing, become
 * escapes such as `\x1b`. Names of files, folders and labels come from outside and may hold anything.
 *
 * @param allowed Characters that stay. @default none: a name is one line
 */
export function printable(text: string, allowed: '' | '\n' = ''): string {
  return text.replace(unprintable, (character) => {
    if (character === allowed) return character;
    const code = character.charCodeAt(0);
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal must not get.
const unprintable = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** JSON on one line; what a terminal would obey is escaped, so that it may be printed. */
export function jsonLine(value: unknown): string {
  // JSON has no NaN: what is undefined is null.
  return JSON.stringify(value).replace(
    unprintable,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A word of a command line as a POSIX shell reads it back; what is not printable in the notation `$'…'` of shells. */
export function shellQuoted(word: string): string {
  if (/^[\w./@%+:,=-]+$/.test(word)) return word;
  if (printable(word) === word) return `'${word.replaceAll("'", "'\\''")}'`;
  const bytes = [...new TextEncoder().encode(word)];
  return `$'${bytes
    .map((byte) => {
      const character = String.fromCharCode(byte);
      if (/[\w ./@%+:,=-]/.test(character)) return character;
      return `\\x${byte.toString(16).padStart(2, '0')}`;
    })
    .join('')}'`;
}

/** A flag as commander calls it, with its value: `split: 'test'` is `--split test`, `true` the flag alone. */
export type CommandFlags = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

/**
 * A command line to copy into a shell.
 *
 * @example
 * commandText(['pareto', 'runs/my cells'], { by: 0.1, fresh: true });   // sshn pareto 'runs/my cells' --by 0.1 --fresh
 */
export function commandText(words: readonly string[], flags: CommandFlags = {}): string {
  const given = Object.entries(flags).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return value === true ? [flag] : [flag, ...[value].flat().map(String)];
  });
  // A word that begins with a dash would be read as a flag.
  const safe = words.map((word) => (word.startsWith('-') ? `./${word}` : word));
  return ['sshn', ...[...safe, ...given].map(shellQuoted)].join(' ');
}

/**
 * Rows of cells as a text table whose columns are aligned, the first to the left and the others to the right.
 *
 * @param head One word per column.
 */
export function textTable(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const [first, ...others] = [head, ...rows].map((cells) => cells.map((cell) => printable(cell)));
  const widths = first!.map((word, column) =>
    Math.max(word.length, ...others.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd();
  return [line(first!), line(widths.map((width) => '─'.repeat(width))), ...others.map(line)].join('\n');
}
