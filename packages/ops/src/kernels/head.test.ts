import { registerGradients } from '@sshn/ops';
import { backends, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { dispose, grads, type Tensor, type Tensor1D, type Tensor2D, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { applyHead, type HeadInputs } from './head.js';

/** Six weights, three values of the base (as a column), two of the hidden layer. */
const inputs = (): HeadInputs => ({
  weight: tensor([1, 2, 3, 4, 5, 6], [3, 2]),
  base: tensor([100, 200, 300], [3, 1]),
  hidden: tensor([10, 1]),
});

describe.each(backends)('a head on %s', (backend) => {
  beforeAll(async () => {
    registerGradients();
    await useBackend(backend);
  });

  it.each([
    [1, [112, 234, 356]],
    [0.5, [62, 134, 206]],
  ] as const)(
    'with the base times %d applyHeads as by hand, in the shape of the base',
    async (baseScale, expected) => {
      const at = inputs();
      await withoutLeak(() => {
        const out = applyHead(at, baseScale);
        expect(out.shape).toEqual([3, 1]);
        expect([...out.dataSync()]).toEqual([...expected]);
        out.dispose();
      });
      dispose({ ...at });
    },
  );

  it.each([1, 0.7])(
    'with the base times %d has the gradients that central differences show',
    async (baseScale) => {
      const f = (weight: Tensor, base: Tensor, hidden: Tensor): Tensor =>
        weighted(applyHead({ weight: weight as Tensor2D, base, hidden: hidden as Tensor1D }, baseScale));
      const { weight, base, hidden } = inputs();
      expect(gradientError(f, [weight, base, hidden], 0.5)).toBeLessThan(1e-3);
      await withoutLeak(() => dispose(grads(f)([weight, base, hidden])));
      dispose([weight, base, hidden]);
    },
  );
});
