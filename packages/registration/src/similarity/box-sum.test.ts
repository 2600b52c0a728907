import { boxSum } from '@sshn/ops';
import { backends, useBackend, withoutLeak } from '@sshn-internal/testing';
import { ones, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { positions, windowAround } from '../testing/double-precision.js';
import { channelOf, randomPair } from '../testing/random-images.js';

describe.each(backends)('box sum on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('by hand: a line, and a window cropped at its ends', () => {
    const line = tensor([1, 2, 4, 8, 16], [1, 5, 1]);
    expect([...boxSum(line, 3).dataSync()]).toEqual([3, 7, 14, 28, 24]);
    expect([...boxSum(line, 1).dataSync()]).toEqual([1, 2, 4, 8, 16]);
    expect([...boxSum(line, 99).dataSync()]).toEqual([31, 31, 31, 31, 31]);
  });

  test('of ones counts the voxels in the window', () => {
    expect([...boxSum(ones([1, 2, 3, 1]), 3).dataSync()]).toEqual([4, 6, 4, 4, 6, 4]);
  });

  test.each([
    { shape: [1, 1, 1, 1], window: 3 },
    { shape: [2, 7, 4, 3], window: 5 },
    { shape: [1, 12, 9, 5], window: 9 },
    { shape: [2, 3, 6, 5, 2], window: 3 },
    { shape: [1, 4, 9, 11, 1], window: 7 },
  ])('$shape, window $window: as plain loops', ({ shape, window }) => {
    const [x] = randomPair(shape);
    const sums = boxSum(x, window);
    const size = shape.slice(1, -1);
    for (let sample = 0; sample < shape[0]!; sample++) {
      for (let channel = 0; channel < shape.at(-1)!; channel++) {
        const values = channelOf(x, sample, channel);
        const expected = positions(size).map((center) =>
          windowAround(size, center, window).reduce((sum, i) => sum + values[i]!, 0),
        );
        channelOf(sums, sample, channel).forEach((sum, i) => {
          expect(Math.abs(sum - expected[i]!)).toBeLessThan(1e-5 * (1 + expected[i]!));
        });
      }
    }
  });

  test('keeps nothing alive', async () => {
    const [x] = randomPair([1, 5, 6, 2]);
    await withoutLeak(() => boxSum(x, 3).dispose());
  });
});
