import { expect, test } from 'vitest';
import { percentileOf, rangeOf } from './statistics.js';

test('percentiles are those of NumPy', () => {
  expect(percentileOf([3, 1, 2], 0)).toBe(1);
  expect(percentileOf([3, 1, 2], 100)).toBe(3);
  expect(percentileOf([15, 20, 35, 40, 50], 40)).toBeCloseTo(29, 12);
  expect(percentileOf([7], 95)).toBe(7);
  expect(percentileOf([], 50)).toBeNaN();
  expect(percentileOf([1, Infinity, Infinity], 75)).toBe(Infinity);
  expect(percentileOf([1, Infinity], 0)).toBe(1);
});

test('a range passes over NaN', () => {
  expect(rangeOf([3, Number.NaN, -1, 2])).toEqual([-1, 3]);
  expect(rangeOf([])).toEqual([Infinity, -Infinity]);
});
