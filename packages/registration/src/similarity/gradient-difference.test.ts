import { registerGradients } from '@sshn/ops';
import { backends, gradientError, useBackend, withoutLeak } from '@sshn-internal/testing';
import { add, fill, grad, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { randomPair } from '../testing/random-images.js';
import { gradientDifferenceLoss } from './gradient-difference.js';

const read = (scalar: Tensor) => scalar.dataSync()[0]!;

describe.each(backends)('gradient difference on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('by hand: a line', () => {
    // Differences of the fixed image: 1, 3 (variance 1); of the moved one: 1, 1. Errors 0 and 4.
    const fixed = tensor([0, 1, 4], [1, 1, 3, 1]);
    const moved = tensor([5, 6, 7], [1, 1, 3, 1]);
    expect(read(gradientDifferenceLoss(moved, fixed))).toBeCloseTo((0 + 4 / 5) / 2, 6);
  });

  test('does not see an offset', () => {
    const [image, other] = randomPair([1, 7, 6, 2]);
    expect(read(gradientDifferenceLoss(add(image, 3), image))).toBeCloseTo(0, 4);
    expect(read(gradientDifferenceLoss(other, image))).toBeGreaterThan(0.1);
  });

  test.each([{ shape: [2, 4, 3, 2] }, { shape: [1, 3, 2, 4, 1] }])(
    '$shape: gradient as finite differences',
    ({ shape }) => {
      const [moved, fixed] = randomPair(shape);
      expect(gradientError((x) => gradientDifferenceLoss(x!, fixed), [moved])).toBeLessThan(1e-2);
    },
  );

  test('images without edges, and of one voxel, are alike', () => {
    const flat = fill([1, 4, 4, 1], 0.5);
    expect(read(gradientDifferenceLoss(flat, flat))).toBe(0);
    expect(read(gradientDifferenceLoss(fill([1, 1, 1, 1], 2), fill([1, 1, 1, 1], 3)))).toBe(0);
  });

  test('keeps nothing alive', async () => {
    const [moved, fixed] = randomPair([1, 5, 5, 1]);
    await withoutLeak(() => grad((x) => gradientDifferenceLoss(x, fixed))(moved).dispose());
  });
});
