import { ValueError } from '@sshn/core';
import { BudgetError, type Cascade } from '@sshn/model';
import { expect, test } from 'vitest';
import { costsOfRungs, lastRung, rungsOf, steppedReason, throughRungs } from './cascade.js';

const line = { slope: 1, intercept: 0, error: 0.04 };
const rungs: Cascade['rungs'] = [
  { factor: 0.25, width: 0.5, dice: 0.8, error: 0.05, labels: [line] },
  { factor: 0.25, dice: 0.9, error: 0.03, labels: [{ ...line, slope: 0.5, intercept: 0.45 }] },
  { factor: 0.5, dice: 0.93, error: 0.02, labels: [line] },
];
const points = costsOfRungs(rungs, ({ factor, width = 1 }) => ({
  factor,
  width,
  dice: null,
  gflops: 4 * width * Number(factor),
  milliseconds: 10 * width,
  mebibytes: 8 * width,
}));

test('an answer costs what all rungs up to it do; memory is that of the largest', () => {
  expect(
    points.map(({ gflops, milliseconds, mebibytes, dice }) => [gflops, milliseconds, mebibytes, dice]),
  ).toEqual([
    [0.5, 5, 4, 0.8],
    [1.5, 15, 8, 0.9],
    [3.5, 25, 8, 0.93],
  ]);
  const unknown = costsOfRungs(rungs, ({ factor }) => ({
    factor,
    dice: null,
    gflops: 1,
    milliseconds: null,
  }));
  expect(unknown[1]).toMatchObject({ gflops: 2, milliseconds: null, mebibytes: null });
});

test('how far a budget lets it go', () => {
  const rungAt = (choice: Parameters<typeof lastRung>[1]) => lastRung(points, choice).rung;
  expect(rungAt({ uncertainty: true })).toBe(2);
  expect(rungAt({ uncertainty: true, gflops: 2 })).toBe(1);
  expect(rungAt({ uncertainty: true, dice: 0.85 })).toBe(1);
  // Of a cascade, Dice is what an image has to reach, and the others limit what it may cost.
  expect(rungAt({ cascade: true, dice: 0.1 })).toBe(2);
  expect(rungAt({ cascade: true, dice: 0.99, milliseconds: 16 })).toBe(1);
  expect(() => rungAt({ cascade: true, dice: 0.9, milliseconds: 4 })).toThrow(BudgetError);
  expect(() => rungAt({ uncertainty: true, dice: 0.95 })).toThrow(BudgetError);
});

test.each<[string, Parameters<typeof lastRung>[1], string]>([
  [
    'a setting',
    { uncertainty: true, factor: 0.3 },
    'predict: factor: got 0.3, expected none with uncertainty',
  ],
  ['a width', { cascade: true, dice: 0.9, width: 0.5 }, 'predict: width'],
  ['no Dice', { cascade: true }, 'predict: dice: got undefined, expected a Dice in [0, 1] that a cascade'],
  ['percent', { cascade: true, dice: 93 }, 'predict: dice: got 93'],
  ['NaN', { cascade: true, dice: Number.NaN }, 'predict: dice: got NaN'],
])('%s is refused', (_, choice, message) => {
  expect(() => lastRung(points, choice)).toThrow(ValueError);
  expect(() => lastRung(points, choice)).toThrow(message);
});

test('a model that was not fitted says what to do', () => {
  expect(() => rungsOf({} as Parameters<typeof rungsOf>[0])).toThrow('Run `sshn pareto` on its run');
});

/** Two labels at two pixels: [p(0), p(1)] of each. */
const maps = [
  [0.4, 0.6, 0.8, 0.2],
  [0.1, 0.9, 0.6, 0.4],
  [0, 1, 1, 0],
].map((map) => Float32Array.from(map));

test('goes on until the Dice that is asked for is predicted; judges by the mean of what was run', async () => {
  const run: number[] = [];
  const go = (asked: number | undefined, last = 2) => {
    run.length = 0;
    return throughRungs(rungs, { last, asked, labels: 2 }, async (rung) => {
      run.push(rung);
      return maps[rung]!;
    });
  };
  // Rung 0 by itself: 2 · 0.6 / (1 + 0.8).
  const first = await go(0.6);
  expect(run).toEqual([0]);
  expect(first.predicted.mean).toBeCloseTo(1.2 / 1.8, 6);
  expect([...first.uncertainty].map((u) => Number(u.toFixed(6)))).toEqual([0.4, 0.2]);
  // Rung 1, with the mean [0.25, 0.75], [0.7, 0.3]: 2 · 0.75 / (1 + 1.05), and its line.
  const second = await go(0.75);
  expect(run).toEqual([0, 1]);
  expect(second).toMatchObject({ rung: 1, probabilities: maps[1] });
  expect(second.predicted.mean).toBeCloseTo(0.45 + (0.5 * 1.5) / 2.05, 6);
  expect(second.predicted.error).toBe(0.03);
  expect(second.uncertainty[1]).toBeCloseTo(0.3, 6);
  expect(await go(1)).toMatchObject({ rung: 2 });
  expect(await go(1, 0)).toMatchObject({ rung: 0 });
  const whole = await go(undefined);
  expect(whole.rung).toBe(2);
  // The mean of three: [1/6, 5/6], [0.8, 0.2].
  expect(whole.predicted.mean).toBeCloseTo((2 * (2.5 / 3)) / (1 + 3.1 / 3), 6);
  // What came in is left as it was.
  expect([...maps[0]!]).toEqual([...Float32Array.from([0.4, 0.6, 0.8, 0.2])]);
  expect(steppedReason(rungs, second, { cascade: true, dice: 0.75 }, 2)).toBe(
    'Factor 0.25, setting 2 of 3: its predicted Dice is 0.816, give or take 0.03, as 0.75 was asked for.',
  );
  expect(steppedReason(rungs, first, { cascade: true, dice: 0.9 }, 0)).toContain(
    'Factor 0.25, width 0.5, setting 1 of 3: its predicted Dice is 0.667, give or take 0.05; 0.9 was asked for, and the budget allows no more.',
  );
});
