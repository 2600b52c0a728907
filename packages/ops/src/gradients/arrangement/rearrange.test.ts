import { distinct, useBackend } from '@sshn-internal/testing';
import { depthToSpace, type Tensor2D, type Tensor4D, tensor2d, transpose } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  fitAxis,
  interleaveZeros,
  reversedSlice,
  sliceAxis,
  spaceToDepth,
  sumRepetitions,
} from './rearrange.js';

let x: Tensor2D;

beforeAll(async () => {
  await useBackend('cpu');
  x = tensor2d([
    [1, 2, 3],
    [4, 5, 6],
  ]);
});

describe('along one axis', () => {
  test('slices', () => {
    expect(sliceAxis(x, 1, 1, 2).arraySync()).toEqual([
      [2, 3],
      [5, 6],
    ]);
    expect(reversedSlice(x, 1, 0, 2).arraySync()).toEqual([
      [2, 1],
      [5, 4],
    ]);
  });

  test.each([
    { before: 1, size: 3, fill: 0, expected: [0, 1, 2] },
    { before: -1, size: 3, fill: 9, expected: [2, 3, 9] },
    { before: -1, size: 1, fill: 0, expected: [2] },
    { before: 2, size: 6, fill: 7, expected: [7, 7, 1, 2, 3, 7] },
    { before: 0, size: 3, fill: 7, expected: [1, 2, 3] },
  ])('fits 1, 2, 3 behind $before into $size', ({ before, size, fill, expected }) => {
    expect(sliceAxis(fitAxis(x, 1, before, size, fill), 0, 0, 1).arraySync()).toEqual([expected]);
  });

  test('puts zeros behind each entry', () => {
    expect(interleaveZeros(x, 1, 2).arraySync()).toEqual([
      [1, 0, 2, 0, 3, 0],
      [4, 0, 5, 0, 6, 0],
    ]);
    expect(interleaveZeros(x, 0, 3).arraySync()).toEqual([
      [1, 2, 3],
      [0, 0, 0],
      [0, 0, 0],
      [4, 5, 6],
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });

  test('sums what was repeated', () => {
    expect(sumRepetitions(x, 0, 2).arraySync()).toEqual([[5, 7, 9]]);
    expect(sumRepetitions(x, 1, 3).arraySync()).toEqual([[6], [15]]);
  });
});

describe('spaceToDepth', () => {
  const sample = () => {
    const blocks = distinct([2, 3, 2, 8]) as Tensor4D;
    return { blocks, pixels: depthToSpace(blocks, 2) };
  };

  test('undoes depthToSpace', () => {
    const { blocks, pixels } = sample();
    expect(spaceToDepth(pixels, 2, 'NHWC').arraySync()).toEqual(blocks.arraySync());
  });

  test('does the same with channels first', () => {
    const { blocks, pixels } = sample();
    const channelsFirst = spaceToDepth(transpose(pixels, [0, 3, 1, 2]), 2, 'NCHW');
    expect(transpose(channelsFirst, [0, 2, 3, 1]).arraySync()).toEqual(blocks.arraySync());
  });
});
