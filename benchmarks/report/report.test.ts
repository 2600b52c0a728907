import { expect, test } from 'vitest';
import type { Outcome } from '../runner/outcome.js';
import type { Row } from '../runner/row.js';
import { allWork } from '../work/index.js';
import { formatMs, formatRatio } from './format.js';
import { goalOf, goalsFor, verdictOf } from './goals.js';
import { machineKey } from './machine.js';
import { markdownReport } from './markdown.js';
import { notesOf } from './notes.js';
import { tableLine } from './table.js';

const row: Row = {
  work: 'conv-3x3-32-32-1x256-forward',
  peer: 'stock tfjs wasm',
  threads: 1,
  peerMs: 27,
  oursMs: 10,
  ratio: 2.7,
  peerSpread: [26, 28.5],
  oursSpread: [9.95, 10.25],
};

const outcome: Outcome = {
  results: [
    {
      work: allWork.find(({ name }) => name === row.work)!,
      measurement: {
        rows: [row, { ...row, threads: 2, ratio: 4 }],
        unsupported: new Map([['onnxruntime-web', 'has no gradients']]),
        wrong: new Map([['PyTorch', "'y' differs"]]),
        differences: new Map([['stock tfjs wasm', 2e-6]]),
      },
    },
  ],
  versions: new Map([['stock tfjs wasm', '4.22.0']]),
  absent: new Map([['onnxruntime-node', 'not installed']]),
  date: new Date('2026-01-02T03:04:05Z'),
  repeats: 7,
  busyBefore: 0.1,
};

test.each([
  [0.01234, '0.0123'],
  [0.5, '0.500'],
  [12.345, '12.3'],
  [123.4, '123'],
  [4321, '4321'],
])('%f ms read %s', (ms, text) => {
  expect(formatMs(ms)).toBe(text);
});

test('ratios above 10 need no hundredths', () => {
  expect([formatRatio(2.714), formatRatio(27.14)]).toEqual(['2.71×', '27.1×']);
});

test('a goal is met from its ratio on', () => {
  expect(verdictOf(row)).toBe('≥ 2.70 met');
  expect(verdictOf({ ...row, ratio: 2.69 })).toBe('≥ 2.70 missed');
  expect(verdictOf({ ...row, peer: 'PyTorch' })).toBe('');
  expect(goalOf({ ...row, threads: 2 })).toBe(5);
});

test('every goal is of work that there is', () => {
  const names = allWork.map(({ name }) => name);
  for (const { work } of [20, 26].flatMap(goalsFor)) expect(names).toEqual(expect.arrayContaining([...work]));
});

test('a line of the table holds all of a comparison', () => {
  expect(tableLine(row).split(/ {2,}/)).toEqual([
    'conv-3x3-32-32-1x256-forward',
    'stock tfjs wasm',
    '1',
    '27.0 (26.0–28.5)',
    '10.0 (9.95–10.3)',
    '2.70×',
    '≥ 2.70 met',
  ]);
});

test('notes name who is wrong, absent, or has no means', () => {
  expect(notesOf(outcome)).toEqual([
    "WRONG: PyTorch, conv-3x3-32-32-1x256-forward: 'y' differs.",
    'Absent: onnxruntime-node: not installed.',
    'Left out: onnxruntime-web has no gradients (conv-3x3-32-32-1x256-forward).',
    "Same results: stock tfjs wasm and ours differ by at most 2.0e-6 of a tensor's largest value (conv-3x3-32-32-1x256-forward).",
  ]);
});

test('the report has date, machine, tables and notes', () => {
  const report = markdownReport(outcome);
  expect(report).toContain('Measured on 2026-01-02 03:04 UTC. ');
  expect(report).toContain(process.version);
  expect(report).toContain('Other work on the machine before: 0.1 processors.');
  expect(report).toContain(
    '| 3×3 32→32, 256²: forward | 1 | **10.0 (9.95–10.3)** | 27.0 (26.0–28.5) 2.70× |',
  );
  expect(report).toContain('| 2 | stock tfjs wasm | 27.0 / 10.0 | 4.00× | ≥ 5.00× | **missed** |');
  expect(report).toContain('- Absent: onnxruntime-node: not installed.');
});

test('a report from a busy machine says so', () => {
  const warning = 'The machine was busy with other work';
  expect(markdownReport(outcome)).not.toContain(warning);
  expect(markdownReport({ ...outcome, busyBefore: 1.5 })).toContain(warning);
});

test('tables are named by processor, generation and Node', () => {
  const [major] = process.versions.node.split('.');
  expect(machineKey()).toMatch(new RegExp(`^[a-z0-9]+(-[a-z0-9]+)*-node-${major}$`));
});
