import { registerGradients } from '@sshn/core';
import { backends, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { dispose, grads, type Tensor, type Tensor1D, type Tensor2D, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type HeadInputs, type HeadScales, predict } from './head.js';

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

  it.each<[HeadScales, number[]]>([
    [{ weight: 1, base: 1 }, [112, 234, 356]],
    [{ weight: 0.5, base: 1 }, [106, 217, 328]],
    [{ weight: 0.5, base: 2 }, [206, 417, 628]],
  ])('with scales %o predicts as by hand, in the shape of the base', async (scales, expected) => {
    const at = inputs();
    await withoutLeak(() => {
      const out = predict(at, scales);
      expect(out.shape).toEqual([3, 1]);
      expect([...out.dataSync()]).toEqual(expected);
      out.dispose();
    });
    dispose({ ...at });
  });

  it.each<HeadScales>([
    { weight: 1, base: 1 },
    { weight: 0.3, base: 1 },
    { weight: 0.3, base: 0.7 },
  ])('with scales %o has the gradients that central differences show', async (scales) => {
    const f = (weight: Tensor, base: Tensor, hidden: Tensor): Tensor =>
      weighted(predict({ weight: weight as Tensor2D, base, hidden: hidden as Tensor1D }, scales));
    const { weight, base, hidden } = inputs();
    expect(gradientError(f, [weight, base, hidden], 0.5)).toBeLessThan(1e-3);
    await withoutLeak(() => dispose(grads(f)([weight, base, hidden])));
    dispose([weight, base, hidden]);
  });
});
