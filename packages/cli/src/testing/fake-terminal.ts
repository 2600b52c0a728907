import type { Terminal } from '../terminal/terminal.js';

/** A terminal that remembers: `lines` are what stays, `live` what the block below showed, in order. */
export function fakeTerminal(
  isLive: boolean,
  columns = 120,
): Terminal & { lines: string[]; blocks: string[] } {
  const lines: string[] = [];
  const blocks: string[] = [];
  return {
    isLive,
    columns,
    lines,
    blocks,
    line: (text) => lines.push(text),
    live: (text) => {
      if (isLive) blocks.push(text);
    },
    clear: () => {},
    style: (_, text) => text,
  };
}
