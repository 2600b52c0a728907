import { describe, expect, test } from 'vitest';
import { median, quantile, summarize } from './statistics.js';

describe('median', () => {
  test.each([
    [[3], 3],
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[1, 1, 1, 100], 1],
  ])('of %j is %f', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  test('sorts numbers as numbers, and leaves its argument as it was', () => {
    const values = [10, 9, 100];
    expect(median(values)).toBe(10);
    expect(values).toEqual([10, 9, 100]);
  });

  test('of nothing is refused', () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

test('quantiles between two values are interpolated', () => {
  expect(quantile([0, 10, 20, 30], 0)).toBe(0);
  expect(quantile([0, 10, 20, 30], 0.25)).toBe(7.5);
  expect(quantile([0, 10, 20, 30], 1)).toBe(30);
});

test('one slow repetition moves neither the median nor the quartiles far', () => {
  expect(summarize([5, 5, 6, 6, 500])).toEqual({ median: 6, spread: [5, 6] });
});
