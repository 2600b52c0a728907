import type { Row } from '../runner/row.js';
import { formatRatio, formatTiming } from './format.js';
import { verdictOf } from './goals.js';

const columns = ['work', 'peer', 'threads', 'peer ms', 'ours ms', 'ratio', 'goal'] as const;
const widths = [36, 22, 7, 24, 24, 8, 13];

/** The head of the table. */
export function tableHead(): string {
  return `${lineOf(columns)}\n${'─'.repeat(widths.reduce((sum, width) => sum + width + 2, -2))}`;
}

/** One comparison as a line of the table: medians, quartiles in parentheses. */
export function tableLine(row: Row): string {
  const { work, peer, threads, peerMs, peerSpread, oursMs, oursSpread, ratio } = row;
  return lineOf([
    work,
    peer,
    `${threads}`,
    peerMs === null || peerSpread === null ? '' : formatTiming(peerMs, peerSpread),
    formatTiming(oursMs, oursSpread),
    ratio === null ? '' : formatRatio(ratio),
    verdictOf(row),
  ]);
}

function lineOf(cells: readonly string[]): string {
  return cells
    .map((cell, i) => cell.padEnd(widths[i]!))
    .join('  ')
    .trimEnd();
}
