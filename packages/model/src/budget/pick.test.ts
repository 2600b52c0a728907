import { Rng, setting, ValueError } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { type Budget, BudgetError, pick } from './pick.js';
import { type AccuracyCostPoint, namedSetting, settingKey, settingText } from './point.js';

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
    [{ milliseconds: 100 }, 0.4],
    [{ milliseconds: 31.4159 }, 0.4],
    [{ milliseconds: 31 }, 0.2],
    [{ gflops: 1.4 }, 0],
    [{ gflops: 2, milliseconds: 15 }, 0],
    [{ milliseconds: 100, dice: 0.92 }, 0.4],
  ])('%o: %f', (budget, factor) => {
    expect(pick(curve, budget).chosen.factor).toBe(factor);
  });

  test('of equals the cheaper, by milliseconds, then GFLOPs, then factor, in any order', () => {
    const equal = [point(0.3, 20, 1.8, 0.9), point(0.25, 20, 1.8, 0.9), point(0.1, 21, 1, 0.9)];
    for (const points of [equal, equal.toReversed()])
      expect(pick(points, { milliseconds: 30 }).chosen.factor).toBe(0.25);
  });

  test('where Dice is not known for all, the largest factor, and it says so', () => {
    const points = [point(0.1, 5, null, 0.9), point(0.3, 8, null, null), point(0.5, 20, null, 0.95)];
    const { chosen, reason } = pick(points, { milliseconds: 10 });
    expect(chosen.factor).toBe(0.3);
    expect(reason).toBe(
      'Factor 0.3 (8 ms) is the largest, and Dice is not known for all, of the 2 of 3 with at most 10 ms.',
    );
  });

  test('says why', () => {
    expect(pick(curve, { milliseconds: 32, dice: 0.9 }).reason).toBe(
      'Factor 0.4 (Dice 0.93, 31.4 ms, 2.2 GFLOPs) has the highest Dice of the 3 of 5 with at most 32 ms and at least Dice 0.9.',
    );
  });

  test('points that lack what is limited are passed over', () => {
    const points = [...curve, point(0.35, null, 1.9, 0.99)];
    expect(pick(points, { milliseconds: 35 }).chosen.factor).toBe(0.4);
    expect(pick(points, { gflops: 2 }).chosen.factor).toBe(0.35);
  });
});

describe('pick: the cheapest that is accurate enough', () => {
  test('by milliseconds, or by GFLOPs where not all were timed, or by factor', () => {
    expect(pick(curve, { dice: 0.9 }).chosen.factor).toBe(0.2);
    const untimed = [point(0.5, 1, 3, 0.9), point(0.3, null, 2, 0.9), point(0.2, null, 2.5, 0.9)];
    expect(pick(untimed, { dice: 0.9 }).chosen.factor).toBe(0.3);
    const uncounted = untimed.map((given) => ({ ...given, gflops: null }));
    const { chosen, reason } = pick(uncounted, { dice: 0.5 });
    expect(chosen.factor).toBe(0.2);
    expect(reason).toContain('is the smallest of the 3 of 3 with at least Dice 0.5');
  });

  test('keeps what else its points hold', () => {
    const named = curve.map((given) => ({ ...given, name: `φ = ${given.factor}` }));
    expect(pick(named, { dice: 0.93 }).chosen.name).toBe('φ = 0.4');
  });
});

describe('pick: nothing meets the budget', () => {
  const errorOf = (points: readonly AccuracyCostPoint[], budget: Budget): BudgetError => {
    try {
      pick(points, budget);
    } catch (error) {
      if (error instanceof BudgetError) return error;
      throw error;
    }
    throw new Error('It was met.');
  };

  test('one limit is out of reach: which, by how much, and what comes nearest', () => {
    const budget = { milliseconds: 8, dice: 0.9 };
    const error = errorOf(curve, budget);
    expect(error).toMatchObject({ budget, limit: 'milliseconds', by: 2, nearest: curve[1] });
    expect(error.message).toBe(
      'No setting has at most 8 ms: the nearest, factor 0, has 10 ms, 2 ms too much.',
    );
    const inaccurate = errorOf(curve, { dice: 0.95 });
    expect(inaccurate.by).toBeCloseTo(0.02, 12);
    expect(inaccurate.message).toBe(
      'No setting has at least Dice 0.95: the nearest, factor 0.4, has Dice 0.93, 0.02 too little.',
    );
  });

  test('a miss by little shows', () => {
    expect(errorOf([point(0.1, 30.004, null, null)], { milliseconds: 30 }).message).toContain(
      'has 30.004 ms, 0.004 ms too much',
    );
  });

  test('each limit alone is met, not all: how far off the last is with the others', () => {
    const error = errorOf(curve, { milliseconds: 25, gflops: 1.9, dice: 0.92 });
    expect(error).toMatchObject({ nearest: { factor: 0.2 }, limit: 'dice' });
    expect(error.message).toBe(
      'No setting has at most 25 ms and at most 1.9 GFLOPs and at least Dice 0.92: ' +
        'with at most 25 ms and at most 1.9 GFLOPs the nearest, factor 0.2, has Dice 0.9, 0.02 too little.',
    );
    const costs = errorOf([point(0, 1, 9, null), point(0.5, 9, 1, null)], { milliseconds: 5, gflops: 5 });
    expect(costs.message).toContain(
      'with at most 5 ms the nearest, factor 0, has 9 GFLOPs, 4 GFLOPs too much.',
    );
  });

  test('no point tells of all that is limited', () => {
    const error = errorOf([point(0, 1, null, null), point(0.5, null, null, 0.9)], {
      milliseconds: 5,
      dice: 0.5,
    });
    expect(error.by).toBeNaN();
    expect(error.message).toBe(
      'No setting is known to have at most 5 ms and at least Dice 0.5: no point tells of all.',
    );
  });
});

describe('pick: settings with a width and a resolution', () => {
  const at = (
    factor: number,
    width: number,
    resolution: number,
    costs: [gflops: number, mebibytes: number],
    dice: number | null,
  ) => ({
    factor,
    width,
    resolution,
    gflops: costs[0],
    mebibytes: costs[1],
    dice,
    milliseconds: null,
  });
  const front = [
    at(0, 0.25, 0.5, [0.1, 1], 0.8),
    at(0.25, 0.5, 1, [0.5, 4], 0.9),
    at(0.5, 1, 1, [2, 9], 0.93),
  ];

  test('memory is a limit like the others', () => {
    const { chosen, reason } = pick(front, { mebibytes: 5, dice: 0.85 });
    expect(chosen).toBe(front[1]);
    expect(reason).toBe(
      'Factor 0.25, width 0.5 (Dice 0.9, 0.5 GFLOPs, 4 MiB) has the highest Dice of the 1 of 3 with at most 5 MiB and at least Dice 0.85.',
    );
    expect(() => pick(front, { mebibytes: 0.5 })).toThrow(
      'No setting has at most 0.5 MiB: the nearest, factor 0, width 0.25, resolution 0.5, has 1 MiB, 0.5 MiB too much.',
    );
    expect(() => pick(curve, { mebibytes: 5 })).toThrow('no point has mebibytes');
  });

  test('where Dice is not known, the one that computes most; of equals the widest', () => {
    const unknown = front.map((given) => ({ ...given, dice: null }));
    expect(pick(unknown, { gflops: 1 }).chosen).toBe(unknown[1]);
    const equal = [at(0.5, 0.5, 1, [1, 1], null), at(0.1, 1, 1, [1, 1], null)];
    for (const points of [equal, equal.toReversed()])
      expect(pick(points, { gflops: 1 }).chosen).toBe(equal[1]);
  });

  test('every budget is met by what is chosen, and by nothing more accurate', () => {
    const rng = Rng.fromSeed(7);
    const random = Array.from({ length: 40 }, () =>
      at(
        rng.uniform(),
        rng.uniform(0.1, 1),
        rng.uniform(0.1, 1),
        [rng.uniform(), rng.uniform()],
        rng.uniform(),
      ),
    );
    for (let i = 0; i < 200; i++) {
      const budget = { gflops: rng.uniform(), mebibytes: rng.uniform(), dice: 0.8 * rng.uniform() };
      const fits = random.filter(
        ({ gflops, mebibytes, dice }) =>
          gflops <= budget.gflops && mebibytes <= budget.mebibytes && dice! >= budget.dice,
      );
      if (fits.length === 0) expect(() => pick(random, budget)).toThrow(BudgetError);
      else expect(pick(random, budget).chosen.dice).toBe(Math.max(...fits.map(({ dice }) => dice!)));
    }
  });
});

test('settings are named, compared and written alike, however they are given', () => {
  expect(namedSetting(setting({ factor: [0.3, 0.3], width: 0.5 }))).toEqual({ factor: 0.3, width: 0.5 });
  expect(namedSetting(setting([0.3, 0.4]))).toEqual({ factor: [0.3, 0.4] });
  expect(settingKey({ factor: [0.1 + 0.2, 0.3] })).toBe(settingKey({ factor: 0.3, width: 1, resolution: 1 }));
  expect(settingKey({ factor: 0.3, width: 0.5 })).not.toBe(settingKey({ factor: 0.3, resolution: 0.5 }));
  expect(settingText({ factor: [0.3, 0.4], width: 1, resolution: 0.5 })).toBe('0.3, 0.4, resolution 0.5');
});

describe('pick: what is refused', () => {
  test.each([
    [[], { dice: 0.5 }, 'pick: points: got [], expected at least one point.'],
    [curve, {}, 'budget: got {}, expected at least one of milliseconds, gflops, mebibytes, dice.'],
    [curve, { dice: 90 }, 'budget: dice: got 90, expected a Dice in [0, 1].'],
    [curve, { milliseconds: Number.NaN }, 'budget: milliseconds: got NaN, expected a number of at least 0.'],
    [
      [point(0, 5, null, null)],
      { gflops: 3 },
      'budget: gflops: got 3, expected no such limit, as no point has gflops. Pass cost to calibrate()',
    ],
  ])('%o with %o', (points, budget, message) => {
    expect(() => pick(points, budget)).toThrow(ValueError);
    expect(() => pick(points, budget)).toThrow(message);
  });
});
