import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readTrainingLog } from './training-log.js';

let run: string;
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'sshn-log-'));
});
afterEach(() => rm(run, { recursive: true }));

const write = (lines: readonly object[], rest = '') =>
  writeFile(join(run, 'metrics.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join('') + rest);

test('sums seconds, keeps the time left of the last epoch, and the best mean over factors', async () => {
  const at = (low: number | null, high: number) => [
    { factor: 0.1, dice: low },
    { factor: 0.5, dice: high },
  ];
  await write(
    [
      { epoch: 0, seconds: 60, secondsLeft: 200, validation: at(0.5, 0.75) },
      { epoch: 1, seconds: 30, secondsLeft: 100 },
      // Without a Dice at one factor there is no mean.
      { epoch: 2, seconds: 30, secondsLeft: 50, validation: at(null, 0.99) },
      { epoch: 3, secondsLeft: 10, validation: [{ factor: [0.1, 0.2], dice: 0.5 }] },
    ],
    '{"epoch":4,"seco',
  );
  expect(await readTrainingLog(run)).toEqual({
    epochs: 4,
    seconds: 120,
    secondsLeft: 10,
    validationDice: 0.625,
    learning: [
      { epochs: 1, minutes: 1, factor: 0.1, dice: 0.5 },
      { epochs: 1, minutes: 1, factor: 0.5, dice: 0.75 },
      { epochs: 3, minutes: 2, factor: 0.5, dice: 0.99 },
    ],
  });
});

test('a run that has not begun has done nothing', async () => {
  const nothing = { epochs: 0, seconds: 0, learning: [] };
  expect(await readTrainingLog(run)).toEqual(nothing);
  await write([], '{"epoch":0');
  expect(await readTrainingLog(run)).toEqual(nothing);
});
