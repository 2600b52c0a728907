import { ValueError } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { constantRate, cosineRate, rateAt, warmUp } from './schedules.js';

describe('schedules', () => {
  test('constant', () => {
    expect([0, 1, 1e6].map((step) => rateAt(constantRate(0.3), step))).toEqual([0.3, 0.3, 0.3]);
  });

  test('cosine: start, a third, half, end, and after', () => {
    const schedule = cosineRate({ rate: 1, steps: 30, final: 0.2 });
    const rates = [0, 10, 15, 30, 31, 1000].map((step) => rateAt(schedule, step));
    [1, 0.8, 0.6, 0.2, 0.2, 0.2].forEach((expected, i) => {
      expect(rates[i]).toBeCloseTo(expected, 12);
    });
    expect(rateAt(cosineRate({ rate: 1, steps: 30 }), 30)).toBeCloseTo(0, 12);
  });

  test('warm-up rises to the other schedule, which then starts from its beginning', () => {
    const schedule = warmUp(4, cosineRate({ rate: 1, steps: 10 }));
    [0.25, 0.5, 0.75, 1, 1].forEach((expected, step) => {
      expect(rateAt(schedule, step)).toBeCloseTo(expected, 12);
    });
    expect(rateAt(schedule, 9)).toBeCloseTo(0.5, 12);
    expect(rateAt(warmUp(0, constantRate(2)), 0)).toBe(2);
    expect(rateAt(warmUp(2, warmUp(2, constantRate(1))), 1)).toBe(0.5);
  });

  test('are plain data', () => {
    const schedule = warmUp(4, cosineRate({ rate: 1e-3, steps: 10 }));
    expect(JSON.parse(JSON.stringify(schedule))).toEqual(schedule);
  });

  test.each([
    () => constantRate(-1),
    () => constantRate(Number.NaN),
    () => cosineRate({ rate: 1, steps: 0 }),
    () => cosineRate({ rate: 1, steps: 10, final: Infinity }),
    () => warmUp(-1, constantRate(1)),
    () => warmUp(1.5, constantRate(1)),
  ])('refuse values out of range %#', (make) => {
    expect(make).toThrow(ValueError);
  });
});
