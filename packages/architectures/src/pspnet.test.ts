import { initialize, namedSpecs, Rng, setting } from '@sshn/core';
import { useBackend } from '@sshn-internal/testing';
import { tensor, zeros } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { createNetwork } from './create-network.js';
import { pspnet } from './pspnet.js';
import { describeArchitecture } from './testing/conformance.js';
import { constantParams } from './testing/constant-params.js';

describeArchitecture('pspnet');

test('a pyramid in every stage of the decoder, none in the encoder', () => {
  const kernels = (config: object) =>
    namedSpecs(pspnet({ inChannels: 1, outChannels: 2, features: [8, 16, 2], ...config }).specs)
      .filter(([path]) => /(pyramid|decoder.*convolutions\.0).*kernel$/.test(path))
      .map(([path, { shape }]) => `${path} ${shape.slice(-2).join('→')}`);
  expect(kernels({})).toEqual([
    'decoder.0.convolutions.0.kernel 32→8',
    ...[0, 1, 2, 3].map((level) => `decoder.0.pyramid.levels.${level}.kernel 24→2`),
    'decoder.1.convolutions.0.kernel 34→16',
    ...[0, 1, 2, 3].map((level) => `decoder.1.pyramid.levels.${level}.kernel 18→4`),
  ]);
  expect(kernels({ bins: [1, 4] })[0]).toBe('decoder.0.convolutions.0.kernel 32→8');
  expect(kernels({ bins: [1, 4] })[1]).toBe('decoder.0.pyramid.levels.0.kernel 24→4');
  expect(kernels({ bins: [1, 2, 3, 4, 5, 6, 7, 8, 9] })[1]).toBe('decoder.0.pyramid.levels.0.kernel 24→1');
});

test('bins that are none are refused', () => {
  const make = (bins: unknown) => () =>
    createNetwork('pspnet', { inChannels: 1, outChannels: 2, bins } as never);
  expect(make([])).toThrow('pspnet: bins: got 0, expected a list of 1 to 16 entries.');
  expect(make(6)).toThrow('pspnet: bins: got 6, expected a list of integers in [1, 64].');
  expect(make([1, 1e9])).toThrow('pspnet: bins.1: got 1000000000, expected an integer in [1, 64].');
});

test('by hand, on one pixel', async () => {
  await useBackend('cpu');
  const options = {
    inChannels: 1,
    outChannels: 1,
    features: 1,
    stages: 2,
    kernelSize: 1,
    slope: 0.5,
  } as const;
  const network = createNetwork('pspnet', { ...options, convolutionsPerStage: 1, bins: [1] });
  const params = constantParams(network.specs, (path) =>
    path.endsWith('bias') ? 0 : path.includes('pyramid') ? -1 : 2,
  );
  const logits = network.apply(params, tensor([3], [1, 1, 1, 1]), setting(0.5));
  // Encoder 6 and 12; the pyramid adds −(12 + 6)/2 = −9; decoder 2·(12 + 6 − 9) = 18; head 36.
  expect(logits.dataSync()[0]).toBe(36);
});

test('every pixel sees the whole image', async () => {
  await useBackend('cpu');
  const network = pspnet({
    inChannels: 1,
    outChannels: 1,
    features: 4,
    stages: 2,
    kernelSize: 1,
    slope: 0.5,
  });
  const params = initialize(network.specs, Rng.fromSeed(1));
  const dark = network.apply(params, zeros([1, 16, 16, 1]), setting(1)).dataSync();
  const values = new Float32Array(256).fill(10);
  values[255] = 0;
  const lit = network.apply(params, tensor(values, [1, 16, 16, 1]), setting(1)).dataSync();
  // Kernels of one pixel and no step down: only the pyramid tells the dark pixel of the others.
  expect(Math.abs(lit[255]! - dark[255]!)).toBeGreaterThan(1e-3);
});
