import { initialize, Rng, rescaling } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, distinct, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { dispose, grads, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { prelu } from './prelu.js';

const at = rescaling(0.5);

describe.each(backends)('on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('a slope for each channel', () => {
    const layer = prelu({ channels: 2 });
    const x = tensor([-4, -4, 0, 0, 3, 5], [1, 3, 1, 2]);
    const y = layer.apply({ slope: tensor([0.5, -1]) }, x, at);
    expect([...y.dataSync()].map((value) => value + 0)).toEqual([-2, 4, 0, 0, 3, 5]);
    const start = layer.apply(initialize(layer.specs, Rng.fromSeed(1)), x, at);
    expect([...start.dataSync()].slice(0, 2)).toEqual([-1, -1]);
  });

  test.each([[[3, 5, 1, 2]], [[2, 3, 2, 1, 3]], [[7, 1]]])('gradients at %j', (shape) => {
    const layer = prelu({ channels: shape.at(-1)! });
    const f = (...[x, slope]: Tensor[]) => weighted(layer.apply({ slope: slope! }, x!, at));
    const slope = distinct([shape.at(-1)!], { gap: 0.3 });
    expect(gradientError(f, [distinct(shape), slope], 0.01)).toBeLessThan(2e-3);
  });

  test('leaves nothing behind, forward and backward', async () => {
    const [x, slope] = [distinct([2, 3, 1, 2]), zeros([2])];
    const f = (a: Tensor, b: Tensor) => prelu({ channels: 2 }).apply({ slope: b }, a, at);
    await withoutLeak(() => f(x, slope).dispose());
    const gradients = grads((a: Tensor, b: Tensor) => weighted(f(a, b)));
    await withoutLeak(() => dispose(gradients([x, slope])));
    dispose([x, slope]);
  });
});

test('refuses what does not fit', () => {
  expect(() => prelu({ channels: 0.5 })).toThrow('prelu: channels: got 0.5');
  expect(() => prelu({ channels: 2 }).apply({ slope: zeros([2]) }, zeros([1, 4, 4, 3]), at)).toThrow(
    'prelu: got shape [1, 4, 4, 3], expected [..., 2].',
  );
});
