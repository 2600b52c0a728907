import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { createLogUpdate } from 'log-update';

type Style = Parameters<typeof styleText>[0];

/** A place for text: lines that stay and, on a terminal, one block below them that is redrawn. */
export interface Terminal {
  /** Whether `live` shows anything: false when the output goes to a file or another program. */
  readonly isLive: boolean;
  /** Width in characters. */
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
  return {
    isLive,
    get columns() {
      return stream.columns || 80; // 0 where nobody has set it
    },
    line(text) {
      block?.clear();
      stream.write(`${text}\n`);
    },
    live: (text) => block?.(text),
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
