import { ValueError } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { type AccuracyCostPoint, pick } from './pick.js';

const point = (
  factor: number,
  milliseconds: number | null,
  gflops: number | null,
  dice: number | null,
): AccuracyCostPoint => ({ factor, milliseconds, gflops, dice });

// Accuracy falls off again at the end, and 0.3 costs as many milliseconds as 0.2.
const curve = [
  point(0.5, 40, 2.7, 0.92),
  point(0, 10, 1.2, 0.72),
  point(0.2, 20, 1.5, 0.9),
  point(0.3, 20, 1.8, 0.9),
  point(0.4, 31.4159, 2.2, 0.93),
];

describe('pick: the most accurate within a cost', () => {
  test.each([
    [{ maxMilliseconds: 100 }, 0.4],
    [{ maxMilliseconds: 31.4159 }, 0.4],
    [{ maxMilliseconds: 31 }, 0.2],
    [{ maxGflops: 1.4 }, 0],
    [{ maxGflops: 2, maxMilliseconds: 15 }, 0],
    [{ maxMilliseconds: 100, minDice: 0.92 }, 0.4],
  ])('%o: %f', (budget, factor) => {
    expect(pick(curve, budget).chosen?.factor).toBe(factor);
  });

  test('of equals the cheaper, by milliseconds, then GFLOPs, then factor, in any order', () => {
    const equal = [point(0.3, 20, 1.8, 0.9), point(0.25, 20, 1.8, 0.9), point(0.1, 21, 1, 0.9)];
    for (const points of [equal, equal.toReversed()])
      expect(pick(points, { maxMilliseconds: 30 }).chosen?.factor).toBe(0.25);
  });

  test('where Dice is not known for all, the largest factor, and it says so', () => {
    const points = [point(0.1, 5, null, 0.9), point(0.3, 8, null, null), point(0.5, 20, null, 0.95)];
    const { chosen, reason } = pick(points, { maxMilliseconds: 10 });
    expect(chosen?.factor).toBe(0.3);
    expect(reason).toBe(
      'Factor 0.3 (8 ms) is the largest, and Dice is not known for all, of the 2 of 3 with at most 10 ms.',
    );
  });

  test('says why', () => {
    expect(pick(curve, { maxMilliseconds: 32, minDice: 0.9 }).reason).toBe(
      'Factor 0.4 (Dice 0.93, 31.4 ms, 2.2 GFLOPs) has the highest Dice of the 3 of 5 with at most 32 ms and at least Dice 0.9.',
    );
  });

  test('points that lack what is limited are passed over', () => {
    const points = [...curve, point(0.35, null, 1.9, 0.99)];
    expect(pick(points, { maxMilliseconds: 35 }).chosen?.factor).toBe(0.4);
    expect(pick(points, { maxGflops: 2 }).chosen?.factor).toBe(0.35);
  });
});

describe('pick: the cheapest that is accurate enough', () => {
  test('by milliseconds, or by GFLOPs where not all were timed, or by factor', () => {
    expect(pick(curve, { minDice: 0.9 }).chosen?.factor).toBe(0.2);
    const untimed = [point(0.5, 1, 3, 0.9), point(0.3, null, 2, 0.9), point(0.2, null, 2.5, 0.9)];
    expect(pick(untimed, { minDice: 0.9 }).chosen?.factor).toBe(0.3);
    const uncounted = untimed.map((given) => ({ ...given, gflops: null }));
    const { chosen, reason } = pick(uncounted, { minDice: 0.5 });
    expect(chosen?.factor).toBe(0.2);
    expect(reason).toContain('is the smallest of the 3 of 3 with at least Dice 0.5');
  });

  test('keeps what else its points hold', () => {
    const named = curve.map((given) => ({ ...given, name: `φ = ${given.factor}` }));
    expect(pick(named, { minDice: 0.93 }).chosen?.name).toBe('φ = 0.4');
  });
});

describe('pick: nothing meets the budget', () => {
  test('one limit is out of reach: what the nearest needs', () => {
    const cost = pick(curve, { maxMilliseconds: 8, minDice: 0.9 });
    expect(cost).toEqual({
      chosen: undefined,
      nearest: curve[1],
      reason: 'No factor has at most 8 ms: the nearest, 0, has 10 ms.',
    });
    expect(pick(curve, { minDice: 0.95 }).reason).toBe(
      'No factor has at least Dice 0.95: the nearest, 0.4, has Dice 0.93.',
    );
  });

  test('a miss by little shows', () => {
    expect(pick([point(0.1, 30.004, null, null)], { maxMilliseconds: 30 }).reason).toContain('has 30.004 ms');
  });

  test('each limit alone is met, not all: how far off the last is with the others', () => {
    const choice = pick(curve, { maxMilliseconds: 25, maxGflops: 1.9, minDice: 0.92 });
    expect(choice).toMatchObject({
      nearest: { factor: 0.2 },
      reason:
        'No factor has at most 25 ms and at most 1.9 GFLOPs and at least Dice 0.92: ' +
        'with at most 25 ms and at most 1.9 GFLOPs the nearest, 0.2, has Dice 0.9.',
    });
    const costs = pick([point(0, 1, 9, null), point(0.5, 9, 1, null)], { maxMilliseconds: 5, maxGflops: 5 });
    expect(costs.reason).toContain('with at most 5 ms the nearest, 0, has 9 GFLOPs.');
  });

  test('no point tells of all that is limited', () => {
    const { chosen, reason } = pick([point(0, 1, null, null), point(0.5, null, null, 0.9)], {
      maxMilliseconds: 5,
      minDice: 0.5,
    });
    expect(chosen).toBeUndefined();
    expect(reason).toBe(
      'No factor is known to have at most 5 ms and at least Dice 0.5: no point tells of all.',
    );
  });
});

describe('pick: what is refused', () => {
  test.each([
    [[], { minDice: 0.5 }, 'pick: points: got [], expected at least one point.'],
    [curve, {}, 'pick: budget: got {}, expected at least one of maxMilliseconds, maxGflops, minDice.'],
    [curve, { minDice: 90 }, 'pick: minDice: got 90, expected a Dice in [0, 1].'],
    [
      curve,
      { maxMilliseconds: Number.NaN },
      'pick: maxMilliseconds: got NaN, expected a number of at least 0.',
    ],
    [
      [point(0, 5, null, null)],
      { maxGflops: 3 },
      'pick: maxGflops: got 3, expected no such limit, as no point has gflops. Pass gflops to calibrate()',
    ],
  ])('%o with %o', (points, budget, message) => {
    expect(() => pick(points, budget)).toThrow(ValueError);
    expect(() => pick(points, budget)).toThrow(message);
  });
});
