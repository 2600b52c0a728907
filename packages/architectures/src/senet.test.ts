import { namedSpecs, setting } from '@sshn/core';
import { useBackend } from '@sshn-internal/testing';
import { tensor } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { createNetwork } from './create-network.js';
import { senet } from './senet.js';
import { describeArchitecture } from './testing/conformance.js';
import { constantParams } from './testing/constant-params.js';

describeArchitecture('senet');

test('a gate in every stage of the encoder and the decoder', () => {
  const gates = (config: object) =>
    namedSpecs(senet({ inChannels: 1, outChannels: 2, features: [16, 32], ...config }).specs)
      .filter(([path]) => /gate.*kernel$/.test(path))
      .map(([path, { shape }]) => `${path} ${shape.join('×')}`);
  expect(gates({})).toEqual([
    'decoder.0.gate.excite.kernel 2×16',
    'decoder.0.gate.squeeze.kernel 16×2',
    'encoder.0.gate.excite.kernel 2×16',
    'encoder.0.gate.squeeze.kernel 16×2',
    'encoder.1.gate.excite.kernel 4×32',
    'encoder.1.gate.squeeze.kernel 32×4',
  ]);
  expect(gates({ ratio: 0.5 })[0]).toBe('decoder.0.gate.excite.kernel 8×16');
  expect(gates({ excitation: 'spatial' })).toEqual([
    'decoder.0.gate.spatial.kernel 1×1×16×1',
    'encoder.0.gate.spatial.kernel 1×1×16×1',
    'encoder.1.gate.spatial.kernel 1×1×32×1',
  ]);
  expect(gates({ excitation: 'concurrent' })).toHaveLength(9);
});

test('a ratio where there are no hidden units, or out of bounds, is refused', () => {
  const make = (config: object) => () => senet({ inChannels: 1, outChannels: 2, ...config });
  expect(make({ ratio: 0 })).toThrow('senet: ratio: got 0, expected a number in (0, 1].');
  expect(make({ ratio: 16 })).toThrow('senet: ratio: got 16');
  expect(make({ excitation: 'spatial', ratio: 0.5 })).toThrow(
    "ratio of 'spatial': got 0.5, expected no ratio",
  );
  expect(make({ excitation: 'chanel' })).toThrow("Did you mean 'channel'?");
});

test('by hand, on one pixel', async () => {
  await useBackend('cpu');
  const options = { inChannels: 1, outChannels: 1, features: 1, stages: 2, kernelSize: 1 } as const;
  const network = createNetwork('senet', { ...options, convolutionsPerStage: 1 });
  // Convolutions double; a gate multiplies x by σ(−relu(2x)) … of the mean, which is the pixel.
  const params = constantParams(network.specs, (path) =>
    path.endsWith('bias') ? 0 : path.includes('excite') ? -1 : path.includes('gate') ? 0.25 : 2,
  );
  const stage = (x: number) => x / (1 + Math.exp(0.25 * x));
  const fine = stage(2 * 0.5);
  const coarse = stage(2 * fine);
  const up = stage(2 * (coarse + fine));
  const logits = network.apply(params, tensor([0.5], [1, 1, 1, 1]), setting(0.5));
  expect(logits.dataSync()[0]).toBeCloseTo(2 * up, 5);
});
