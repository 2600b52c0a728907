import { initialize, namedSpecs, Rng, rescaling } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, distinct, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { dispose, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { leakyRelu } from '../activation/leaky-relu.js';
import { sequential } from '../containers/sequential.js';
import { film } from '../film.js';
import { convolution } from './convolution.js';
import { modulatedConvolution } from './modulated.js';

const at = rescaling(0.5);

test('has the parameters of both, FiLM’s at zero', () => {
  const { specs } = modulatedConvolution({ inChannels: 2, outChannels: 5 });
  expect(namedSpecs(specs).map(([path, { role, shape }]) => [path, role, shape])).toEqual([
    ['beta', 'shift', [5]],
    ['bias', 'bias', [5]],
    ['gamma', 'scale', [5]],
    ['kernel', 'kernel', [3, 3, 2, 5]],
  ]);
  expect([specs.gamma.init, specs.beta.init]).toEqual([
    { kind: 'constant', value: 0 },
    { kind: 'constant', value: 0 },
  ]);
});

describe.each(backends)('on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test.each([2, 3] as const)(
    'rank %i: equals convolution, FiLM and LeakyReLU one after the other',
    (rank) => {
      const config = { rank, inChannels: 2, outChannels: 3 };
      const layer = modulatedConvolution({ ...config, activation: 'leakyRelu', slope: 0.2 });
      const { kernel, bias } = initialize(layer.specs, Rng.fromSeed(1));
      const [gamma, beta] = [tensor([0.5, -3, 0]), tensor([0, 1, -2])];
      const x = distinct(rank === 2 ? [2, 5, 3, 2] : [2, 2, 3, 3, 2]);
      const chain = sequential([convolution(config), film({ channels: 3 }), leakyRelu({ slope: 0.2 })]);
      const want = chain.apply([{ kernel, bias }, { gamma, beta }, {}], x, at).dataSync();
      const got = layer.apply({ kernel, bias, gamma, beta }, x, at).dataSync();
      want.forEach((value, i) => {
        expect(got[i]).toBeCloseTo(value, 4);
      });
    },
  );

  test('starts as the convolution alone, bitwise', () => {
    const config = { inChannels: 2, outChannels: 3, activation: 'leakyRelu' } as const;
    const layer = modulatedConvolution(config);
    const params = initialize(layer.specs, Rng.fromSeed(1));
    const x = distinct([1, 4, 5, 2]);
    const plain = convolution(config);
    expect(plain.specs.kernel).toEqual(layer.specs.kernel);
    expect(layer.apply(params, x, at).dataSync()).toEqual(plain.apply(params, x, at).dataSync());
  });

  test('gradients to all four parameters and the input', () => {
    const layer = modulatedConvolution({
      inChannels: 2,
      outChannels: 2,
      activation: 'leakyRelu',
      slope: 0.3,
    });
    const inputs = [
      distinct([2, 3, 3, 2], { gap: 0.02 }),
      distinct([3, 3, 2, 2], { gap: 0.02 }),
      // Away from the kink: one channel above, one below.
      tensor([20, -20]),
      tensor([0.3, -0.2]),
      tensor([1, -1]),
    ];
    const f = (...[x, kernel, bias, gamma, beta]: Tensor[]) =>
      weighted(layer.apply({ kernel: kernel!, bias: bias!, gamma: gamma!, beta: beta! }, x!, at));
    expect(gradientError(f, inputs, 0.02)).toBeLessThan(5e-3);
  });

  test('leaves nothing behind', async () => {
    const layer = modulatedConvolution({ inChannels: 2, outChannels: 3 });
    const params = initialize(layer.specs, Rng.fromSeed(1));
    const x = distinct([1, 4, 5, 2]);
    await withoutLeak(() => layer.apply(params, x, at).dispose());
    dispose([...Object.values(params), x]);
  });
});

test('refuses what a convolution refuses', () => {
  expect(() => modulatedConvolution({ inChannels: 1, outChannels: 0 })).toThrow(
    'convolution: outChannels: got 0',
  );
});
