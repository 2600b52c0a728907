import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommandLine } from '../command-line.js';
import { captureOutput } from '../testing/captured-output.js';

let folder: string;
const output = captureOutput();
const sshn = (line: string): Promise<number> => {
  output.clear();
  return runCommandLine([
    ...line.split(' ').map((word) => word.replace('@', `${folder}/`)),
    '--threads',
    '1',
  ]);
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-folds-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Spread {
  readonly mean: number;
  readonly sd: number;
  readonly folds: number;
}
interface Printed {
  readonly folds: ReadonlyArray<{
    readonly run: string;
    readonly results: ReadonlyArray<{ readonly dice: number }>;
  }>;
  readonly mean: ReadonlyArray<{ readonly factor: number; readonly dice: Spread }>;
}

test('folds are evaluated one by one and together; runs that are none are refused', {
  timeout: 120_000,
}, async () => {
  const train =
    'train phantoms:cells:6 --size 16x16 --features 4 --stages 2 --hyper-hidden 4 --epochs 1 --batch-size 2';
  for (const fold of [1, 2]) {
    expect(await sshn(`${train} --folds 2 --fold ${fold} --out @f${fold}`)).toBe(0);
  }
  expect(await sshn('evaluate @f1 @f2 --factors 0,0.5 --json')).toBe(0);
  const { folds, mean } = JSON.parse(output.stdout) as Printed;
  expect(folds.map(({ run }) => run)).toEqual([`${folder}/f1`, `${folder}/f2`]);
  expect(mean.map(({ factor }) => factor)).toEqual([0, 0.5]);
  for (const [i, { dice }] of mean.entries()) {
    const [a, b] = folds.map(({ results }) => results[i]!.dice) as [number, number];
    expect(dice.folds).toBe(2);
    expect(dice.mean).toBeCloseTo((a + b) / 2, 12);
    // Of two numbers, the sample's standard deviation is their distance over √2.
    expect(dice.sd).toBeCloseTo(Math.abs(a - b) / Math.SQRT2, 12);
  }

  expect(await sshn('evaluate @f1 @f2 --factors 0.5')).toBe(0);
  expect(output.stdout).toContain(`${folder}/f1\nφ `);
  expect(output.stdout).toMatch(
    /mean ± standard deviation over 2 folds\nφ +Dice .*\n[─ ]+\n0\.50 +\d\.\d+ ± \d\.\d+ /,
  );
  expect(await sshn('evaluate @f1 @f2 --factors 0,0.5 --csv')).toBe(0);
  const rows = output.stdout.trim().split('\n');
  expect(rows[0]).toMatch(/^run,method,architecture,factor,/);
  expect(rows.slice(1).map((row) => row.split(',')[0])).toEqual(
    ['f1', 'f1', 'f2', 'f2'].map((name) => `${folder}/${name}`),
  );

  expect(await sshn('evaluate @f1 @f1')).toBe(1);
  expect(output.stderr).toContain('they are no folds of one data set');
  expect(await sshn(`${train} --folds 2 --fold 2 --seed 2 --out @other`)).toBe(0);
  expect(await sshn('evaluate @f1 @other')).toBe(1);
  expect(output.stderr).toContain('with another configuration than');
  expect(await sshn('evaluate @f1 @nothing')).toBe(1);
  expect(output.stderr).toContain('there is no run here');
});
