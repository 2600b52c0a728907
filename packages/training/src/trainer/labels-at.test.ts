import { describe, expect, test } from 'vitest';
import { labelsAt } from './labels-at.js';

const maps = (...values: number[]) => Int32Array.from(values);

describe('labelsAt', () => {
  test('takes the label at the center of each pixel', () => {
    const square = maps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    expect([...labelsAt(square, 1, [4, 4], [2, 2])]).toEqual([5, 7, 13, 15]);
    expect([...labelsAt(maps(1, 2, 3), 1, [1, 3], [1, 1])]).toEqual([2]);
    expect([...labelsAt(maps(1, 2), 1, [1, 2], [2, 4])]).toEqual([1, 1, 2, 2, 1, 1, 2, 2]);
  });

  test('of several maps, and of volumes', () => {
    expect([...labelsAt(maps(1, 2, 3, 4, 5, 6), 2, [1, 3], [1, 1])]).toEqual([2, 5]);
    expect([...labelsAt(maps(1, 2, 3, 4, 5, 6, 7, 8), 1, [2, 2, 2], [1, 2, 1])]).toEqual([6, 8]);
  });

  test('at the same size they are the same', () => {
    const labels = maps(1, 2, 3, 4);
    expect(labelsAt(labels, 1, [2, 2], [2, 2])).toBe(labels);
  });
});
