import {
  initialize,
  type Network,
  namedParams,
  OptionError,
  Rng,
  ShapeError,
  setting,
  ValueError,
} from '@sshn/core';
import { convolution } from '@sshn/layers';
import { registerGradients, valueAndGradients } from '@sshn/ops';
import { backends, useBackend, withoutLeak } from '@sshn-internal/testing';
import { dispose, fill, max, min, mul, type Tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { meanSquaredErrorLoss } from '../similarity/mean-squared-error.js';
import { randomField, randomPair } from '../testing/random-images.js';
import { warp } from '../warp/warp.js';
import { fieldOf, pairImages, registrationNetwork } from './registration-network.js';

const at = setting(0.5);
const backboneOf = (rank: 2 | 3, inChannels = 2): Network => {
  const layer = convolution({ rank, inChannels, outChannels: 4, activation: 'leakyRelu' });
  return { ...layer, rank, inChannels, outChannels: 4, steps: 0 };
};
const read = (x: Tensor) => [...x.dataSync()];

describe.each(backends)('registration network on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test.each([
    { rank: 2, resolution: 'full', size: [7, 5], grid: [7, 5] },
    { rank: 2, resolution: 'half', size: [7, 5], grid: [4, 3] },
    { rank: 3, resolution: 'half', size: [4, 6, 1], grid: [2, 3, 1] },
  ] as const)('rank $rank at $resolution resolution: $size gives $grid, zero at first', (wanted) => {
    const { rank, resolution, size, grid } = wanted;
    const network = registrationNetwork({ backbone: backboneOf(rank), resolution });
    const params = initialize(network.specs, Rng.fromSeed(1));
    const [moving, fixed] = randomPair([2, ...size, 1]);
    const flow = network.apply(params, pairImages(moving, fixed), at);
    expect(flow.shape).toEqual([2, ...grid, rank]);
    expect(read(flow).every((value) => value === 0)).toBe(true);
    const field = fieldOf(flow, size, { integrationSteps: 3 });
    expect(field.shape).toEqual([2, ...size, rank]);
    expect(read(warp(moving, field))).toEqual(read(moving));
  });

  test('a flow of half the size counts voxels of half the size', () => {
    const flow = fill([1, 3, 4, 2], 1.5);
    const field = fieldOf(flow, [6, 8], { integrationSteps: 0 });
    expect([min(field), max(field)].map((x) => x.dataSync()[0])).toEqual([3, 3]);
  });

  test('a velocity is integrated, a displacement is not', () => {
    const flow = randomField(1, [8, 8]);
    expect(read(fieldOf(flow, [8, 8], { integrationSteps: 0 }))).toEqual(read(flow));
    expect(read(fieldOf(flow, [8, 8], { integrationSteps: 4 }))).not.toEqual(read(flow));
  });

  test('a step of descent brings images closer', () => {
    const network = registrationNetwork({ backbone: backboneOf(2) });
    const params = initialize(network.specs, Rng.fromSeed(2));
    const [moving, fixed] = randomPair([1, 6, 6, 1]);
    const lossAt = (weights: typeof params) => {
      const flow = network.apply(weights, pairImages(moving, fixed), at);
      return meanSquaredErrorLoss(warp(moving, fieldOf(flow, [6, 6], { integrationSteps: 2 })), fixed);
    };
    const { value, gradients } = valueAndGradients(params, lossAt);
    expect(Math.max(...read(namedParams(gradients).get('flow.kernel')!).map(Math.abs))).toBeGreaterThan(0);
    const flow = {
      kernel: mul(namedParams(gradients).get('flow.kernel')!, -0.5),
      bias: mul(namedParams(gradients).get('flow.bias')!, -0.5),
    };
    const next = { ...params, flow };
    expect(lossAt(next).dataSync()[0]).toBeLessThan(value.dataSync()[0]!);
  });

  test('keeps nothing alive', async () => {
    const network = registrationNetwork({ backbone: backboneOf(2), resolution: 'half' });
    const params = initialize(network.specs, Rng.fromSeed(1));
    const pair = zeros([1, 6, 6, 2]);
    await withoutLeak(() => {
      const flow = network.apply(params, pair, at);
      dispose([flow, fieldOf(flow, [6, 6], { integrationSteps: 3 })]);
    });
  });
});

describe('registration network refuses', () => {
  beforeAll(() => useBackend('cpu'));

  test('options that make no network, and images of other channels', () => {
    const config = { backbone: backboneOf(2) };
    expect(() => registrationNetwork({ backbone: backboneOf(2, 3) })).toThrow(ValueError);
    expect(() => registrationNetwork({ ...config, resolution: 'quarter' as never })).toThrow(OptionError);
    const network = registrationNetwork(config);
    const params = initialize(network.specs, Rng.fromSeed(1));
    expect(() => network.apply(params, zeros([1, 4, 4, 3]), at)).toThrow(ShapeError);
    expect(() => pairImages(zeros([1, 4, 4, 1]), zeros([1, 4, 5, 1]))).toThrow(ShapeError);
  });
});
