import { architectureNames } from '@sshn/architectures';
import { ConfigError, initialize, Rng, setting } from '@sshn/core';
import { networkOf } from '@sshn/model';
import { useBackend } from '@sshn-internal/testing';
import { tensor } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { gflopsAt } from '../evaluation/measure.js';
import { describeNetwork } from '../methods/network.js';
import { parseRunConfig } from './run-config.js';

const space = { size: [16, 16], channels: 1, labelNames: ['background', 'cell'] };
const small = { features: 4, stages: 3 };
const described = (architecture: object) =>
  describeNetwork(parseRunConfig({ architecture: { ...small, ...architecture } }, 'test'), space).network;

describe('architecture', () => {
  test.each(architectureNames)('%s has a name, options, and is made of them', (name) => {
    const { network, method } = describeNetwork(
      parseRunConfig({ architecture: { ...small, name } }, 'test'),
      space,
    );
    expect(network).toMatchObject({ architecture: name, options: { features: 4, stages: 3, rank: 2 } });
    expect(networkOf({ network, method }).predicted.length).toBeGreaterThan(0);
  });

  test('one resolution for all of training: the network costs and answers as one with a knob does there', async () => {
    await useBackend('cpu');
    const networkFor = (words: object) =>
      networkOf(
        describeNetwork(parseRunConfig({ architecture: small, method: 'fixed', ...words }, 'test'), space),
      );
    const [half, knobbed] = [
      networkFor({ inputResolution: 0.5 }),
      networkFor({ knobs: { resolutionRange: [0.25, 1] } }),
    ];
    const at = setting({ factor: 0.5, resolution: 0.5 });
    expect(gflopsAt(half, space, setting(0.5))).toBe(gflopsAt(knobbed, space, at));
    expect(gflopsAt(half, space, setting(0.5))).toBeLessThan(0.3 * gflopsAt(knobbed, space, setting(0.5)));
    const image = tensor(
      Array.from({ length: 256 }, (_, i) => (i * i) % 17),
      [1, 16, 16, 1],
    );
    const params = initialize(half.specs, Rng.fromSeed(2));
    const logits = half.apply(params, image, setting(0.5));
    expect(logits.shape).toEqual([1, 16, 16, 2]);
    expect(logits.dataSync()).toEqual(knobbed.apply(params, image, at).dataSync());
    expect(logits.dataSync()).not.toEqual(knobbed.apply(params, image, setting(0.5)).dataSync());
    expect(() =>
      parseRunConfig({ inputResolution: 0.5, knobs: { resolutionRange: [0.5, 1] } }, 'flags'),
    ).toThrow(/inputResolution: is fixed, and knobs.resolutionRange draws it/);
  });

  test.each([
    { activation: 'relu' },
    { slope: 0.2 },
    { normalization: 'group' },
    { dropout: 0.2 },
    { downsampling: 'strided' },
    { dropout: 0.2 },
    { downsampling: 'strided' },
    { deepSupervision: true },
    { name: 'fpn', pyramidFeatures: 6 },
    { name: 'pspnet', bins: [1, 2] },
    { name: 'senet', excitation: 'concurrent' },
    { name: 'senet', ratio: 0.5 },
  ])('%o reaches the network', (options) => {
    const { name: _, ...rest } = { name: 'unet', ...options };
    expect(described(options).options).toMatchObject(rest);
  });

  test.each([
    [{ bins: [1, 2] }, /architecture: .*'bins'/],
    [{ name: 'fpn', ratio: 0.5 }, /architecture: .*'ratio'/],
    [{ activation: 'relu', slope: 0.2 }, /architecture: .*slope/],
    [{ features: [4, 8], stages: 3 }, /architecture: .*features/],
    [{ kernelSize: [3, 3, 3, 3] }, /architecture.kernelSize: got a list of 4/],
    [{ kernelSize: 4 }, /architecture.kernelSize: got 4, expected an odd integer/],
  ])('%o is refused by the architecture itself, before any image is read', (options, message) => {
    expect(() => parseRunConfig({ architecture: options }, 'flags')).toThrow(ConfigError);
    expect(() => parseRunConfig({ architecture: options }, 'flags')).toThrow(message);
  });
});
