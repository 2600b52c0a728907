import { rescaling, ShapeError } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, distinct, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { dispose, grads, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { globalAveragePool } from './global-average.js';

const at = rescaling(0.5);
const apply = (x: Tensor) => globalAveragePool().apply({}, x, at);

describe.each(backends)('on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('the mean of four pixels, channel by channel', () => {
    const y = apply(tensor([1, 10, 2, 20, 3, 30, 6, 60], [1, 2, 2, 2]));
    expect(y.shape).toEqual([1, 1, 1, 2]);
    expect([...y.dataSync()]).toEqual([3, 30]);
    expect(apply(zeros([2, 3, 1, 5, 4])).shape).toEqual([2, 1, 1, 1, 4]);
  });

  test.each([[[2, 3, 5, 2]], [[1, 1, 1, 1]], [[2, 2, 1, 3, 2]]])('gradient at %j', (shape) => {
    const f = (...[x]: Tensor[]) => weighted(apply(x!));
    expect(gradientError(f, [distinct(shape)], 0.1)).toBeLessThan(1e-3);
  });

  test('leaves nothing behind, forward and backward', async () => {
    const x = distinct([2, 3, 1, 2]);
    await withoutLeak(() => apply(x).dispose());
    await withoutLeak(() => dispose(grads((a: Tensor) => weighted(apply(a)))([x])));
    x.dispose();
  });
});

test('refuses what is no feature map', () => {
  expect(() => apply(zeros([3, 3]))).toThrow(ShapeError);
});
