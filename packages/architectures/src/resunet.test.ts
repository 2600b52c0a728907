import { namedSpecs, setting } from '@sshn/core';
import { useBackend } from '@sshn-internal/testing';
import { tensor } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { createNetwork } from './create-network.js';
import { resunet } from './resunet.js';
import { describeArchitecture } from './testing/conformance.js';
import { constantParams } from './testing/constant-params.js';

describeArchitecture('resunet');

test('a projection only where the channels differ', () => {
  const { specs } = resunet({ inChannels: 3, outChannels: 2, features: [3, 5, 5], convolutionsPerStage: 1 });
  const kernels = namedSpecs(specs).filter(([path]) => path.endsWith('kernel'));
  expect(kernels.map(([path, { shape }]) => `${path} ${shape.slice(-2).join('→')}`)).toEqual([
    'decoder.0.body.0.kernel 8→3',
    'decoder.0.projection.kernel 8→3',
    'decoder.1.body.0.kernel 10→5',
    'decoder.1.projection.kernel 10→5',
    'encoder.0.body.0.kernel 3→3',
    'encoder.1.body.0.kernel 3→5',
    'encoder.1.projection.kernel 3→5',
    'encoder.2.body.0.kernel 5→5',
    'head.kernel 3→2',
  ]);
});

test('by hand, on one pixel', async () => {
  await useBackend('cpu');
  const config = {
    inChannels: 1,
    outChannels: 1,
    features: 1,
    stages: 2,
    kernelSize: 1,
    slope: 0.5,
  } as const;
  const network = createNetwork('resunet', { ...config, convolutionsPerStage: 2 });
  const value = (path: string) => (path.endsWith('bias') ? 0 : path.includes('body.1') ? -2 : 3);
  const params = constantParams(network.specs, value);
  // Body x → 3x → a(3x) → −2·a(3x), kernels of projections and heads 3, a(x) = x/2 below 0.
  const fine = (2 - 2 * 6) / 2; // -5
  const coarse = fine - 2 * ((3 * fine) / 2); // 10
  const up = (3 * (coarse + fine) - 2 * 3 * (coarse + fine)) / 2; // -7.5
  const logits = network.apply(params, tensor([2], [1, 1, 1, 1]), setting(0.5));
  expect(3 * up).toBe(-22.5);
  expect(logits.dataSync()[0]).toBeCloseTo(3 * up, 4);
});
