import { Rng } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { drawFrom, middleOf, type Spread } from './spread.js';

const draws = (spread: Spread, count = 4000): number[] => {
  const rng = Rng.fromSeed(7);
  return Array.from({ length: count }, () => drawFrom(spread, rng));
};
const share = (values: readonly number[], isCounted: (value: number) => boolean): number =>
  values.filter(isCounted).length / values.length;
/** Four standard deviations of a share of 4000 draws. */
const bound = (p: number): number => 4 * Math.sqrt((p * (1 - p)) / 4000);

describe('drawFrom', () => {
  test('uniform: every part of the range as often', () => {
    const values = draws({ low: 0.2, high: 0.6 });
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0.2);
    expect(Math.max(...values)).toBeLessThan(0.6);
    expect(Math.abs(share(values, (x) => x < 0.3) - 0.25)).toBeLessThan(bound(0.25));
  });

  test('logUniform: every order of magnitude as often', () => {
    const values = draws({ low: 0.001, high: 1, distribution: 'logUniform' });
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0.001);
    expect(Math.max(...values)).toBeLessThanOrEqual(1);
    for (const upTo of [0.01, 0.1]) {
      const wanted = upTo === 0.01 ? 1 / 3 : 2 / 3;
      expect(Math.abs(share(values, (x) => x < upTo) - wanted)).toBeLessThan(bound(wanted));
    }
  });

  test('endpoints: that share at the ends, half each', () => {
    const values = draws({ low: 0, high: 0.5, endpoints: 0.2 });
    expect(Math.abs(share(values, (x) => x === 0) - 0.1)).toBeLessThan(bound(0.1));
    expect(Math.abs(share(values, (x) => x === 0.5) - 0.1)).toBeLessThan(bound(0.1));
    expect(new Set(draws({ low: 0, high: 0.5, endpoints: 1 }, 100))).toEqual(new Set([0, 0.5]));
  });

  test('without endpoints takes one number, as before there were any', () => {
    const [a, b] = [Rng.fromSeed(3), Rng.fromSeed(3)];
    drawFrom({ low: 0, high: 0.5 }, a);
    b.uniform(0, 0.5);
    expect(a.state()).toEqual(b.state());
  });
});

test('the middle is that of the distribution', () => {
  expect(middleOf({ low: 0.2, high: 0.6 })).toBeCloseTo(0.4, 12);
  expect(middleOf({ low: 0.01, high: 1, distribution: 'logUniform' })).toBeCloseTo(0.1, 12);
});
