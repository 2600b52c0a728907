import { ShapeError } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, gradientError, useBackend, withoutLeak } from '@sshn-internal/testing';
import { grad, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { randomPair } from '../testing/random-images.js';
import { meanSquaredErrorLoss } from './mean-squared-error.js';

describe.each(backends)('mean squared error on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('by hand', () => {
    const loss: Tensor = meanSquaredErrorLoss(
      tensor([1, 2, 3, 4], [1, 2, 2, 1]),
      tensor([1, 0, 3, 1], [1, 2, 2, 1]),
    );
    expect(loss.dataSync()[0]).toBeCloseTo((4 + 9) / 4, 6);
  });

  test('gradients as finite differences', () => {
    expect(gradientError((a, b) => meanSquaredErrorLoss(a!, b!), randomPair([2, 3, 2, 2]))).toBeLessThan(
      1e-3,
    );
  });

  test('keeps nothing alive', async () => {
    const [moved, fixed] = randomPair([1, 4, 4, 1]);
    await withoutLeak(() => grad((x) => meanSquaredErrorLoss(x, fixed))(moved).dispose());
  });

  test('refuses images of two shapes', () => {
    expect(() => meanSquaredErrorLoss(zeros([1, 4, 4, 1]), zeros([1, 4, 4, 2]))).toThrow(ShapeError);
  });
});
