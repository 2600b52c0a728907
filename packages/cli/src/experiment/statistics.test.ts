import { parseRunConfig } from '@sshn/training';
import { describe, expect, test } from 'vitest';
import type { Cell } from './plan.js';
import { experimentCsv } from './results-table.js';
import { comparisonsOf, type DoneCell, groupsOf, pairedTest } from './statistics.js';

function cell(
  method: 'sshn' | 'fixed',
  seed: number,
  dice: Readonly<Record<number, readonly number[]>>,
): DoneCell {
  const config = {
    method,
    seed,
    ...(method === 'fixed' ? { prior: { kind: 'constant', factor: 0.5 } } : {}),
  };
  const one: Cell = {
    name: `${method}${seed}`,
    folder: 'x',
    data: 'phantoms',
    config: {},
    full: parseRunConfig(config, 'test'),
    axes: { method, seed },
    evaluations: [],
    hash: 'abc',
    formerHash: 'former',
  };
  const results = Object.entries(dice).map(([factor, diceByImage]) => ({
    factor: Number(factor),
    dice: diceByImage.reduce((sum, value) => sum + value, 0) / diceByImage.length,
    gflops: 1,
    milliseconds: Number.NaN,
    diceByLabel: {},
    diceByImage: [...diceByImage],
  }));
  return {
    cell: one,
    found: { hash: 'abc', version: '1', finished: '', seconds: 3, trainingSeconds: 2.5, results },
  };
}

describe('groups and comparisons', () => {
  const done = [
    cell('sshn', 1, { 0: [0.5, 0.7], 0.5: [0.8, 0.9] }),
    cell('sshn', 2, { 0: [0.6, 0.8], 0.5: [0.9, 1] }),
    cell('fixed', 1, { 0.5: [0.7, 0.9] }),
    cell('fixed', 2, { 0.5: [0.8, 0.9] }),
  ];
  test('seeds become mean and standard deviation', () => {
    const [sshn, fixed] = groupsOf(done);
    expect([sshn!.name, fixed!.name]).toEqual(['sshn', 'fixed']);
    expect(sshn!.points.map(({ factor, seeds }) => [factor, seeds])).toEqual([
      [0, 2],
      [0.5, 2],
    ]);
    expect(sshn!.points[1]!.dice).toBeCloseTo(0.9, 12);
    // Of 0.85 and 0.95.
    expect(sshn!.points[1]!.deviation).toBeCloseTo(0.1 / Math.SQRT2, 12);
  });

  test('images are paired within their seed', () => {
    const [only, ...more] = comparisonsOf(groupsOf(done));
    expect(more).toEqual([]);
    expect(only).toMatchObject({ factor: 0.5, first: 'sshn', second: 'fixed', pairs: 4 });
    // 0.1, 0, 0.1, 0.1.
    expect(only!.difference).toBeCloseTo(0.075, 12);
    expect(only!.interval[0]).toBeGreaterThanOrEqual(0);
    expect(only!.interval[1]).toBeLessThanOrEqual(0.1 + 1e-12);
  });

  test('a table has a row for each cell and factor', () => {
    const [head, first] = experimentCsv(done).split('\n');
    expect(head).toBe(
      'cell,method,seed,factor,dice,images,gflops,milliseconds,seconds,trainingSeconds,configHash,version',
    );
    expect(first).toBe('sshn1,sshn,1,0,0.6,2,1,,3,2.5,abc,1');
  });
});

test('the paired test gives the p of all signs, as counted by hand', () => {
  // Of the 8 signs of three equal differences two are as far.
  expect(pairedTest([0.1, 0.1, 0.1])).toBeCloseTo(2 / 8, 1);
  // Of the 16 signs of 1, 2, 3, 4 those with |sum| ≥ 8 are ±10, ±8: four.
  expect(pairedTest([1, 2, 3, 4].map((v, i) => (i === 0 ? -v : v)))).toBeCloseTo(4 / 16, 1);
  expect(pairedTest([0, 0])).toBe(1);
  expect(pairedTest(Array.from({ length: 30 }, () => 0.01))).toBeLessThan(0.001);
});
