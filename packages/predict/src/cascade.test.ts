import { ValueError } from '@sshn/core';
import { BudgetError, type Cascade } from '@sshn/model';
import { expect, test } from 'vitest';
import { costsOfRungs, isCascaded, lastRung, rungsOf } from './cascade.js';

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

test.each<[string, Parameters<typeof isCascaded>[1], boolean]>([
  ['Dice with a limit', { dice: 0.9, milliseconds: 50 }, true],
  ['with all limits', { dice: 0.9, gflops: 0.5, milliseconds: 5, mebibytes: 4 }, true],
  ['with uncertainty too', { dice: 0.9, gflops: 0.5, uncertainty: true }, true],
  ['Dice alone', { dice: 0.9 }, false],
  ['limits alone', { gflops: 2, milliseconds: 50 }, false],
  ['a limit below the first rung', { dice: 0.9, gflops: 0.49 }, false],
  ['one of two below it', { dice: 0.9, gflops: 2, mebibytes: 3 }, false],
  ['a limit that is none', { dice: 0.9, gflops: Number.NaN }, false],
  ['flips', { dice: 0.9, gflops: 2, flips: true }, false],
  ['a width', { dice: 0.9, gflops: 2, width: 0.5 }, false],
  ['off', { dice: 0.9, gflops: 2, cascade: false }, false],
  ['on', { dice: 0.9, cascade: true }, true],
])('whether an image goes through the cascade: %s', (_, choice, expected) => {
  expect(isCascaded(points, choice)).toBe(expected);
});

test('without a cascade, or where a limited cost is not known, it does not', () => {
  expect(isCascaded([], { dice: 0.9, gflops: 2 })).toBe(false);
  const unmeasured = points.map((point) => ({ ...point, milliseconds: null }));
  expect(isCascaded(unmeasured, { dice: 0.9, milliseconds: 50 })).toBe(false);
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
