import fc from 'fast-check';
import { expect, test } from 'vitest';
import { interpolationMatrix, transposed } from './resize.js';

test.each([
  ['a pixel to itself', 1, 1, [[1]]],
  ['one pixel is repeated', 1, 3, [[1], [1], [1]]],
  ['two to one is their mean', 2, 1, [[0.5, 0.5]]],
  [
    'halves look between two pixels',
    4,
    2,
    [
      [0.5, 0.5, 0, 0],
      [0, 0, 0.5, 0.5],
    ],
  ],
  [
    'thirds look at the middle pixel of three: no antialiasing',
    6,
    2,
    [
      [0, 1, 0, 0, 0, 0],
      [0, 0, 0, 0, 1, 0],
    ],
  ],
  [
    'doubles stay inside of the borders',
    2,
    4,
    [
      [1, 0],
      [0.75, 0.25],
      [0.25, 0.75],
      [0, 1],
    ],
  ],
  [
    'three to two',
    3,
    2,
    [
      [0.75, 0.25, 0],
      [0, 0.25, 0.75],
    ],
  ],
])('%s', (_, from, to, rows) => {
  expect([...interpolationMatrix(from, to)]).toEqual(rows.flat());
});

const size = fc.integer({ min: 1, max: 40 });

test('rows are weights: at least 0, at most two neighbors, of sum 1', () => {
  fc.assert(
    fc.property(size, size, (from, to) => {
      const matrix = interpolationMatrix(from, to);
      for (let row = 0; row < to; row++) {
        const weights = [...matrix.slice(row * from, (row + 1) * from)];
        const used = weights.flatMap((weight, i) => (weight === 0 ? [] : [i]));
        expect(Math.min(...weights)).toBeGreaterThanOrEqual(0);
        expect(used.at(-1)! - used[0]!).toBeLessThanOrEqual(1);
        expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
      }
    }),
  );
});

test('a line stays a line away from the borders: half-pixel centers', () => {
  fc.assert(
    fc.property(size, size, (from, to) => {
      const matrix = interpolationMatrix(from, to);
      for (let row = 0; row < to; row++) {
        const center = ((row + 0.5) * from) / to - 0.5;
        if (center < 0 || center > from - 1) continue;
        const value = [...matrix.slice(row * from, (row + 1) * from)].reduce((sum, w, i) => sum + w * i, 0);
        expect(value).toBeCloseTo(center, 4);
      }
    }),
  );
});

test('transposed', () => {
  expect([...transposed(Float32Array.of(1, 2, 3, 4, 5, 6), 2)]).toEqual([1, 4, 2, 5, 3, 6]);
});
