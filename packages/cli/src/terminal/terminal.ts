import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { createLogUpdate } from 'log-update';
import { printable } from './text.js';

type Style = Parameters<typeof styleText>[0];

// biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences of `styleText`.
const colors = /(\x1b\[\d+m)/;

/** A place for text: lines that stay and, on a terminal, one block below them that is redrawn. */
export interface Terminal {
  /** Whether `live` shows anything: false when the output goes to a file or another program. */
  readonly isLive: boolean;
  /** Width in characters; unlimited where the output is not a terminal. */
  readonly columns: number;
  /** A line, or several, that stay. */
  line(text: string): void;
  /** Replaces the block below the lines; nothing where the output is not a terminal. */
  live(text: string): void;
  /** Takes the live block away. */
  clear(): void;
  /** The text in a style where the terminal has colors and NO_COLOR is unset, else as it is. */
  style(style: Style, text: string): string;
}

/**
 * The terminal behind a stream of the process.
 *
 * @example
 * const terminal = terminalOn(process.stdout);
 * terminal.line(terminal.style('bold', 'epoch 1'));
 */
export function terminalOn(stream: NodeJS.WriteStream): Terminal {
  const isLive = stream.isTTY === true && process.env.TERM !== 'dumb';
  // `hasColors` is there on terminals only; it honors NO_COLOR, NODE_DISABLE_COLORS and TERM=dumb.
  const hasColors = isLive && (stream as WriteStream).hasColors();
  const block = isLive ? createLogUpdate(stream) : undefined;
  // Colors are ours; all else that a terminal would obey came with a name.
  const safe = (text: string): string =>
    hasColors
      ? text
          .split(colors)
          .map((part, i) => (i % 2 === 0 ? printable(part, '\n') : part))
          .join('')
      : printable(text, '\n');
  return {
    isLive,
    get columns() {
      return isLive ? stream.columns || 80 : Number.POSITIVE_INFINITY; // 0 where nobody has set it
    },
    line(text) {
      block?.clear();
      stream.write(`${safe(text)}\n`);
    },
    live: (text) => block?.(safe(text)),
    clear: () => {
      block?.clear();
      block?.done();
    },
    style: (style, text) => (hasColors ? styleText(style, text, { validateStream: false }) : text),
  };
}

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of characters that is filled to a share in [0, 1], in steps of an eighth of a character. */
export function bar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const text = '█'.repeat(Math.floor(filled / 8)) + eighths[filled % 8];
  return text.padEnd(width, '░');
}
