import { describe, expect, it } from 'vitest';
import { overlayFactors, spread } from './examples.js';

describe('spread', () => {
  it('takes some from all over a list, or all', () => {
    expect(spread([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 4)).toEqual([0, 2, 5, 7]);
    expect(spread(['a', 'b'], 4)).toEqual(['a', 'b']);
    expect(spread([1, 2], 0)).toEqual([]);
  });
});

describe('overlayFactors', () => {
  it.each([
    [
      [0, 0.25, 0.5],
      [0, 0.1, 0.25, 0.5],
    ],
    [
      [0.05, 0.3],
      [0.1, 0.25],
    ],
    [
      [0.3, 0.4, 0.45],
      [0.3, 0.45],
    ],
    [[0.25], [0.25]],
  ])('of %j are %j', (factors, expected) => {
    expect(overlayFactors(factors)).toEqual(expected);
  });
});
