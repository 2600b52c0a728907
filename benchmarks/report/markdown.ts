import { cpuRoster, gpuRoster } from '../peers/index.js';
import type { Outcome } from '../runner/outcome.js';
import { oursOnOneThread, type Row } from '../runner/row.js';
import { architectureTable } from './architectures.js';
import { formatMs, formatRatio, formatTiming } from './format.js';
import { goalOf } from './goals.js';
import { describeMachine } from './machine.js';
import { notesOf } from './notes.js';

/** Processors that may be busy before a machine counts as such. */
const QUIET = 0.2;

/** Tables of all comparisons and of the goals, with date, machine and versions. */
export function markdownReport(outcome: Outcome): string {
  const { date, busyBefore, versions, repeats, results } = outcome;
  const day = `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const named = [...versions].filter(([name]) => !name.startsWith('our') && !name.startsWith('limit'));
  const rows = results.flatMap(({ measurement }) => measurement.rows);
  return [
    `# ${describeMachine()}`,
    '',
    `Measured on ${day}. ${named.map(([name, version]) => `${name} ${version}`).join(', ')}.`,
    `Up to ${repeats} turns each. Other work on the machine before: ${busyBefore.toFixed(1)} processors.`,
    ...busyWarning(busyBefore),
    '',
    'Milliseconds, the median and in parentheses the quartiles; after it, how many times faster ours is.',
    '',
    ...comparisonTable(outcome),
    '',
    '## Goals',
    '',
    ...goalTable(rows, new Map(results.map(({ work }) => [work.name, work.title]))),
    '',
    ...architectureSection(outcome),
    '## Notes',
    '',
    ...notesOf(outcome).map((note) => `- ${note}`),
    '',
  ].join('\n');
}

/** FLOPs and memory of the architectures that were measured. */
function architectureSection(outcome: Outcome): string[] {
  const { head, lines } = architectureTable(outcome);
  if (lines.length === 0) return [];
  return [
    '## Architectures',
    '',
    'One image of 256², 32 features, two labels. Activations are the most that has to lie in memory at a time, weights not',
    'included.',
    '',
    ...table(head, lines),
    '',
  ];
}

/** What has to be said when others used the processors too; ours had not begun to at that time. */
function busyWarning(busyBefore: number): string[] {
  if (busyBefore <= QUIET) return [];
  return [
    '',
    '**The machine was busy with other work: medians are too high, quartiles wide, ratios rough, above all on two threads.',
    'Goals are neither met nor missed by such a table.**',
  ];
}

/** A line for each piece of work and count of threads, a column for each peer that was measured. */
function comparisonTable({ results }: Outcome): string[] {
  const measured = new Set(results.flatMap(({ measurement }) => measurement.rows.map(({ peer }) => peer)));
  const columns = [...cpuRoster.peers, ...gpuRoster.peers]
    .map(({ name }) => name)
    .concat(oursOnOneThread)
    .filter((name) => measured.has(name));
  const lines = results.flatMap(({ work, measurement }) => {
    const counts = [...new Set(measurement.rows.map(({ threads }) => threads))];
    return counts.map((threads) => {
      const rows = measurement.rows.filter((row) => row.threads === threads);
      const [{ oursMs, oursSpread }] = rows as [Row];
      const cells = columns.map((name) => cellOf(rows.find(({ peer }) => peer === name)));
      return [work.title, `${threads}`, `**${formatTiming(oursMs, oursSpread)}**`, ...cells];
    });
  });
  return table(['work', 'threads', 'ours', ...columns], lines);
}

function cellOf(row: Row | undefined): string {
  if (row === undefined || row.peerMs === null || row.peerSpread === null || row.ratio === null) return '';
  return `${formatTiming(row.peerMs, row.peerSpread)} ${formatRatio(row.ratio)}`;
}

function goalTable(rows: readonly Row[], titles: ReadonlyMap<string, string>): string[] {
  const lines = rows.flatMap((row) => {
    const goal = goalOf(row);
    if (goal === undefined || row.ratio === null || row.peerMs === null) return [];
    const { work, peer, threads, ratio, oursMs, peerMs } = row;
    const verdict = ratio >= goal ? 'met' : '**missed**';
    const timings = `${formatMs(peerMs)} / ${formatMs(oursMs)}`;
    return [
      [
        titles.get(work) ?? work,
        `${threads}`,
        peer,
        timings,
        formatRatio(ratio),
        `≥ ${formatRatio(goal)}`,
        verdict,
      ],
    ];
  });
  return table(['work', 'threads', 'peer', 'peer / ours, ms', 'ratio', 'goal', ''], lines);
}

function table(head: readonly string[], lines: ReadonlyArray<readonly string[]>): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...lines.map(line)];
}
