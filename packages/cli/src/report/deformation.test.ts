import { describe, expect, it } from 'vitest';
import { checkerboard, deformedCells, difference } from './deformation.js';

const image = (values: number[], size: readonly number[]) => ({
  values: Float32Array.from(values),
  size,
  channels: 1,
});

describe('deformedCells', () => {
  it('is a regular grid where nothing moves', () => {
    const { values } = deformedCells(new Float32Array(2 * 16), [4, 4]);
    // Cells of 2 × 2 pixels.
    expect([...values]).toEqual([0, 0, 1, 1, 0, 0, 1, 1, 8, 8, 9, 9, 8, 8, 9, 9]);
  });

  it('moves as the field says: what is looked up one to the right is shown one to the left', () => {
    const field = Float32Array.from({ length: 32 }, (_, i) => i % 2);
    expect([...deformedCells(field, [4, 4]).values.subarray(0, 4)]).toEqual([0, 1, 1, 2]);
    const back = field.map((value) => -value);
    expect([...deformedCells(back, [4, 4]).values.subarray(0, 4)]).toEqual([7, 0, 0, 1]);
  });

  it('takes height and width of volumes', () => {
    const field = new Float32Array(3 * 32);
    for (let i = 0; i < 32; i++) field[3 * i] = 5; // out of the plane
    const { values } = deformedCells(field, [2, 4, 4]);
    expect(values.subarray(16)).toEqual(values.subarray(0, 16));
    expect(values[2]).toBe(1);
  });
});

it('a checkerboard shows two images in turn', () => {
  const size = [2, 16];
  const board = checkerboard(image(Array(32).fill(1), size), image(Array(32).fill(2), size));
  expect([...board.values.subarray(0, 6)]).toEqual([1, 1, 2, 2, 1, 1]);
  const tall = checkerboard(image(Array(8).fill(1), [8, 1]), image(Array(8).fill(2), [8, 1]));
  expect([...tall.values]).toEqual([1, 2, 1, 2, 1, 2, 1, 2]);
});

it('a difference has no sign', () => {
  expect([...difference(image([1, 5], [1, 2]), image([3, 1], [1, 2])).values]).toEqual([2, 4]);
});
