import { initialize, namedSpecs, Rng, setting } from '@sshn/core';
import { activationKinds } from '@sshn/layers';
import { registerGradients } from '@sshn/ops';
import { backends, distinct, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { dispose, moments, ones, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type BlockConfig, block } from './block.js';
import { directionalError } from './testing/directional.js';

const at = setting(0.5);
const base = {
  inChannels: 2,
  outChannels: 4,
  normalization: 'none',
  activation: 'leakyRelu',
  film: false,
  dropout: 0,
} as const;
const names = (config: Partial<BlockConfig>) =>
  namedSpecs(block({ ...base, ...config }).specs).map(([path]) => path);

test('parameters: FiLM’s take the place of the normalization’s', () => {
  expect(names({})).toEqual(['bias', 'kernel']);
  expect(names({ film: true })).toEqual(['beta', 'bias', 'gamma', 'kernel']);
  expect(names({ normalization: 'group' })).toEqual([
    'bias',
    'kernel',
    'normalization.beta',
    'normalization.gamma',
  ]);
  expect(names({ normalization: 'instance', film: true })).toEqual(['beta', 'bias', 'gamma', 'kernel']);
});

describe.each(backends)('on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test.each(activationKinds)('%s acts, alone and behind a normalization', (activation) => {
    const one = { rank: 2, inChannels: 1, outChannels: 1, kernelSize: 1, film: false, dropout: 0 } as const;
    const params = { kernel: ones([1, 1, 1, 1]), bias: tensor([0]) };
    const affine = { gamma: tensor([0]), beta: tensor([0]) };
    const x = tensor([-1, 1], [1, 1, 2, 1]);
    const plain = block({ ...one, normalization: 'none', activation })
      .apply(params, x, at)
      .dataSync();
    const normalized = block({ ...one, normalization: 'instance', activation })
      .apply({ ...params, normalization: affine }, x, at)
      .dataSync();
    const want: Record<string, [number, number]> = {
      relu: [0, 1],
      leakyRelu: [-0.01, 1],
      elu: [Math.exp(-1) - 1, 1],
      gelu: [-(1 - 0.6826894921) / 2, (1 + 0.6826894921) / 2],
      silu: [-1 / (1 + Math.E), 1 / (1 + Math.exp(-1))],
      mish: [-Math.tanh(Math.log1p(Math.exp(-1))), Math.tanh(Math.log1p(Math.E))],
      softplus: [Math.log1p(Math.exp(-1)), Math.log1p(Math.E)],
      sigmoid: [1 / (1 + Math.E), 1 / (1 + Math.exp(-1))],
      identity: [-1, 1],
    };
    for (const got of [plain, normalized])
      got.forEach((value, i) => {
        expect(value).toBeCloseTo(want[activation]![i]!, 4);
      });
  });

  test.each(['group', 'instance'] as const)(
    '%s normalization: mean 0 and variance 1 before the activation',
    (normalization) => {
      const layer = block({ ...base, normalization, activation: 'identity' });
      const params = initialize(layer.specs, Rng.fromSeed(1));
      const y = layer.apply(params, distinct([2, 5, 6, 2]), at);
      const { mean, variance } = moments(y, [1, 2]);
      for (const value of mean.dataSync()) expect(Math.abs(value)).toBeLessThan(1e-3);
      for (const value of variance.dataSync()) expect(value).toBeCloseTo(1, 2);
    },
  );

  test.each([
    { activation: 'gelu' },
    { activation: 'elu', film: true },
    { normalization: 'group', activation: 'silu' },
    { normalization: 'instance', activation: 'mish', film: true },
  ] as const)('the derivative along a direction: %j', async (config) => {
    const layer = block({ ...base, ...config });
    const params = initialize(layer.specs, Rng.fromSeed(3));
    const x = distinct([2, 4, 3, 2], { gap: 0.1 });
    const f = (p: never): Tensor => tidy(() => weighted(layer.apply(p, x, at)));
    for (const how of ['together', 'apart'] as const) {
      expect(directionalError(how, layer.specs, params, f as never, 3e-3)).toBeLessThan(5e-3);
    }
    await withoutLeak(() => dispose(layer.apply(params, x, at)));
  });
});
