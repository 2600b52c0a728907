import { initialize, namedSpecs, Rng, setting } from '@sshn/core';
import { resizeLinear } from '@sshn/ops';
import { distinct, useBackend } from '@sshn-internal/testing';
import { addN, div, tensor } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { createNetwork } from './create-network.js';
import { fpn } from './fpn.js';
import { describeArchitecture } from './testing/conformance.js';
import { constantParams } from './testing/constant-params.js';

describeArchitecture('fpn');

test('every level of the pyramid has the same features, those of the first stage unless said', () => {
  const kernels = (config: object) =>
    namedSpecs(fpn({ inChannels: 1, outChannels: 2, features: [4, 8, 16], ...config }).specs)
      .filter(([path]) => /^(lateral|smooth|heads).*kernel$/.test(path))
      .map(([path, { shape }]) => `${path} ${shape.join('×')}`);
  expect(kernels({})).toEqual([
    'heads.0.kernel 1×1×4×2',
    'heads.1.kernel 1×1×4×2',
    'heads.2.kernel 1×1×4×2',
    'lateral.0.kernel 1×1×4×4',
    'lateral.1.kernel 1×1×8×4',
    'lateral.2.kernel 1×1×16×4',
    'smooth.0.kernel 3×3×4×4',
    'smooth.1.kernel 3×3×4×4',
    'smooth.2.kernel 3×3×4×4',
  ]);
  expect(kernels({ pyramidFeatures: 6 })).toContain('lateral.2.kernel 1×1×16×6');
});

test('by hand, on one pixel', async () => {
  await useBackend('cpu');
  const options = { inChannels: 1, outChannels: 1, features: 1, stages: 2, kernelSize: 1 } as const;
  const network = createNetwork('fpn', { ...options, convolutionsPerStage: 1, slope: 0.5 });
  const params = constantParams(network.specs, (path) =>
    path.endsWith('bias') ? 0 : path === 'lateral.1.kernel' ? -2 : 3,
  );
  const image = tensor([2], [1, 1, 1, 1]);
  // Encoder 6 and 18; pyramid −2·18 = −36 and 3·6 − 36 = −18; smoothed −108/2 and −54/2; predictions three times that.
  const all = network.outputs!.apply(params, image, setting(0.5)).map((x) => x.dataSync()[0]!);
  expect(all).toEqual([(-81 - 162) / 2, -81, -162]);
});

test('the output is the mean of the predictions, resized to the image', async () => {
  await useBackend('cpu');
  const network = fpn({ inChannels: 1, outChannels: 2, features: 3, stages: 4 });
  const params = initialize(network.specs, Rng.fromSeed(1));
  const image = distinct([1, 9, 13, 1]);
  const [merged, ...predictions] = network.outputs!.apply(params, image, setting(0.4));
  const mean = div(addN(predictions.map((x) => resizeLinear(x, [9, 13]))), 4);
  expect(merged!.dataSync()).toEqual(mean.dataSync());
});
