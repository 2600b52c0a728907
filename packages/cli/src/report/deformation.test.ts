import { expect, it } from 'vitest';
import { checkerboard, difference } from './deformation.js';

const image = (values: number[], size: readonly number[]) => ({
  values: Float32Array.from(values),
  size,
  channels: 1,
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
