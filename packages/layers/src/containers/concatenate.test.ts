import { initialize, namedSpecs, Rng, rescaling } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, distinct, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { dispose, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { convolution } from '../convolution/convolution.js';
import { film } from '../film.js';
import { downsample } from '../resize/resize.js';
import { concatenate } from './concatenate.js';

const at = rescaling(0.5);

test('names', () => {
  const { specs } = concatenate({ fine: film({ channels: 1 }), wide: film({ channels: 1 }) });
  expect(namedSpecs(specs).map(([path]) => path)).toEqual([
    'fine.beta',
    'fine.gamma',
    'wide.beta',
    'wide.gamma',
  ]);
});

describe.each(backends)('on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('joins channels in the order given, 2D and 3D', () => {
    const branches = concatenate([film({ channels: 1 }), film({ channels: 1 })]);
    const params = [
      { gamma: tensor([0]), beta: tensor([0]) },
      { gamma: tensor([9]), beta: tensor([0]) },
    ] as const;
    for (const shape of [
      [1, 1, 2, 1],
      [1, 1, 1, 2, 1],
    ]) {
      const y = branches.apply(params, tensor([1, 2], shape), at);
      expect(y.shape).toEqual([...shape.slice(0, -1), 2]);
      expect([...y.dataSync()]).toEqual([1, 10, 2, 20]);
    }
  });

  test('gradients reach every branch', () => {
    const branches = concatenate([film({ channels: 1 }), film({ channels: 1 })]);
    const f = (...[x, a, b]: Tensor[]) => {
      const beta = zeros([1]);
      return weighted(
        branches.apply(
          [
            { gamma: a!, beta },
            { gamma: b!, beta },
          ],
          x!,
          at,
        ),
      );
    };
    expect(gradientError(f, [distinct([1, 2, 3, 1]), tensor([1]), tensor([-2])], 0.1)).toBeLessThan(1e-3);
  });

  test('leaves nothing behind', async () => {
    const one = convolution({ inChannels: 2, outChannels: 1, kernelSize: 1 });
    const branches = concatenate({ one, two: convolution({ inChannels: 2, outChannels: 3 }) });
    const params = initialize(branches.specs, Rng.fromSeed(1));
    const x = distinct([1, 3, 4, 2]);
    await withoutLeak(() => {
      const y = branches.apply(params, x, at);
      expect(y.shape).toEqual([1, 3, 4, 4]);
      y.dispose();
    });
    dispose([x, ...Object.values(params).flatMap((layer) => Object.values(layer))]);
  });

  test('refuses outputs of different sizes, naming the layer', () => {
    const branches = concatenate({ full: film({ channels: 1 }), half: downsample({ step: 0 }) });
    const params = { full: { gamma: zeros([1]), beta: zeros([1]) }, half: {} };
    expect(() => branches.apply(params, zeros([1, 4, 4, 1]), at)).toThrow(
      "concatenate: output of layer 'half': got shape [1, 2, 2, 1], expected [1, 4, 4, channels], as of layer 'full'.",
    );
  });
});

test('refuses to join nothing', () => {
  expect(() => concatenate([])).toThrow('concatenate: got [], expected at least one layer.');
});
