import { registerGradients } from '@sshn/core';
import { backends, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { type Tensor, type Tensor1D, type Tensor2D, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { predict } from './head.js';

describe.each(backends)('predict on %s', (backend) => {
  beforeAll(async () => {
    registerGradients();
    await useBackend(backend);
  });

  it('multiplies as by hand, and leaves nothing behind', async () => {
    const weight = tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
    const hidden = tensor1d([10, 1]);
    await withoutLeak(() => {
      const out = predict(weight, hidden);
      expect([...out.dataSync()]).toEqual([12, 34, 56]);
      out.dispose();
    });
    weight.dispose();
    hidden.dispose();
  });

  it('has the gradients that central differences show', () => {
    const weight = tensor2d([0.3, -1, 2, 0.5, 0.1, -0.7], [3, 2]);
    const hidden = tensor1d([0.4, -1.2]);
    const f = (w: Tensor, h: Tensor): Tensor => weighted(predict(w as Tensor2D, h as Tensor1D));
    expect(gradientError(f, [weight, hidden])).toBeLessThan(1e-2);
    weight.dispose();
    hidden.dispose();
  });
});
