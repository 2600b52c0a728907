import { architectureNames } from '@sshn/architectures';
import { ConfigError } from '@sshn/core';
import { networkOf } from '@sshn/model';
import { describe, expect, test } from 'vitest';
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
