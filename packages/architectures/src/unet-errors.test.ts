import { initialize, Rng, rescaling, ShapeError, ValueError } from '@sshn/core';
import { useBackend } from '@sshn-internal/testing';
import { zeros } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { type UNetConfig, unet } from './unet.js';

describe('what makes no U-Net is refused', () => {
  test.each([
    [{ inChannels: 0 }, 'unet: inChannels: got 0, expected an integer of at least 1.'],
    [{ outChannels: 2.5 }, 'unet: outChannels: got 2.5, expected an integer of at least 1.'],
    [{ stages: 0 }, 'unet: stages: got 0, expected an integer of at least 1.'],
    [{ features: 0 }, 'unet: features: stage 0: got 0, expected an integer of at least 1.'],
    [{ features: [8, -1] }, 'unet: features: stage 1: got -1, expected an integer of at least 1.'],
    [{ features: [] }, 'unet: features: got [], expected at least one stage.'],
    [
      { features: [8, 16], stages: 5 },
      'unet: features: got [8,16], expected one number, or 5 as `stages` says. Leave `stages` out where `features` is a list.',
    ],
    [{ convolutionsPerStage: 0 }, 'unet: convolutionsPerStage: got 0, expected an integer of at least 1.'],
    [{ kernelSize: 4 }, 'convolution: kernelSize: got 4, expected an odd positive integer, or 2 of them.'],
    [{ slope: 2 }, 'convolution: slope: got 2, expected a number in [0, 1].'],
    [{ rank: 1 }, 'convolution: rank: got 1, expected 2 or 3 spatial dimensions.'],
  ])('%j', (config, message) => {
    const make = () => unet({ inChannels: 1, outChannels: 2, ...config } as UNetConfig);
    expect(make).toThrow(ValueError);
    expect(make).toThrow(message);
  });

  test('a list as long as `stages` says is fine', () => {
    expect(unet({ inChannels: 1, outChannels: 2, features: [2, 3], stages: 2 }).specs.encoder).toHaveLength(
      2,
    );
  });

  test('images and factors that do not fit', async () => {
    await useBackend('cpu');
    const network = unet({ inChannels: 3, outChannels: 2, features: 2, stages: 3 });
    const params = initialize(network.specs, Rng.fromSeed(1));
    const apply = (shape: number[], factor: number | number[]) => () =>
      network.apply(params, zeros(shape), rescaling(factor));
    expect(apply([1, 3, 8, 8], 0.5)).toThrow(ShapeError);
    expect(apply([1, 3, 8, 8], 0.5)).toThrow(
      'unet: got shape [1, 3, 8, 8], expected [batch, height, width, 3]. Arrays are channels-last',
    );
    expect(apply([8, 8, 3], 0.5)).toThrow('unet: got shape [8, 8, 3]');
    expect(apply([1, 8, 8, 3], [0.5, 0.5, 0.5])).toThrow(
      'unet: rescaling: got [0.5,0.5,0.5], expected one factor, or 2 (one per downsampling step).',
    );
  });
});
