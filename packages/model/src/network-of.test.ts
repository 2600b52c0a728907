import {
  initialize,
  namedSpecs,
  networkAt,
  OptionError,
  type ParamsOf,
  paramTree,
  Rng,
  setting,
  ValueError,
} from '@sshn/core';
import { backends, useBackend } from '@sshn-internal/testing';
import { fill, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ManifestInput } from './manifest/schema.js';
import { loadModel, saveModel } from './model.js';
import { networkOf } from './network-of.js';
import { hypernetwork, manifest, options, smallNetwork } from './testing/small-model.js';

const manifests: ManifestInput[] = [
  { ...manifest, method: { kind: 'fixed', factor: 0.25 } },
  { ...manifest, method: { kind: 'stochastic' } },
  {
    ...manifest,
    network: { architecture: 'unet', options: { ...options, film: true } },
    method: { kind: 'film', hypernetwork },
  },
  { ...manifest, method: { kind: 'sshn', hypernetwork: { ...hypernetwork, encoding: 'circular' } } },
  { ...manifest, method: { kind: 'sshn', hypernetwork: { ...hypernetwork, form: 'direct' } } },
];

describe.each(backends)('networkOf on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test.each(manifests)('$method.kind: a file alone is enough to predict as before', async (given) => {
    const before = networkOf(given);
    const params = initialize(before.specs, Rng.fromSeed(2)) as ParamsOf<typeof before.specs>;
    const image = fill([1, 6, 5, 3], 0.7);
    const at = setting(0.5);
    const loaded = loadModel(await saveModel({ specs: before.specs, params, manifest: given }));
    const after = networkOf(loaded.manifest);
    const logits = after.apply(paramTree(after.specs, loaded.params), image, at);
    expect(logits.shape).toEqual([1, 6, 5, 3]);
    expect(logits.dataSync()).toEqual(before.apply(params, image, at).dataSync());
  });
});

describe('networkOf', () => {
  test('is the network that was trained, name by name', () => {
    expect(namedSpecs(networkOf(manifest).specs)).toEqual(namedSpecs(smallNetwork().specs));
    const [, , film, sshn] = manifests.map((given) => networkOf(given).predicted);
    expect(film!.every((path) => /\.(gamma|beta)$/.test(path))).toBe(true);
    expect(sshn).toContain('head.kernel');
  });

  test('one resolution for all images holds for every prediction that is trained, and for narrower networks', async () => {
    await useBackend('cpu');
    const network = {
      architecture: 'fpn',
      options: { ...options, features: 4, stages: 3 },
      knobs: ['width'],
      resolution: 0.5,
    } as const;
    const model = networkOf({ ...manifest, network: { ...network, knobs: [...network.knobs] } });
    const params = initialize(model.specs, Rng.fromSeed(2)) as ParamsOf<typeof model.specs>;
    const pixels = Float32Array.from({ length: 16 * 12 * 3 }, (_, i) => Math.sin(i));
    const image = tensor(pixels, [1, 16, 12, 3]);
    for (const width of [1, 0.5]) {
      const at = setting({ factor: 0.5, width });
      const logits = model.apply(params, image, at);
      const plain = networkAt(model.network, at);
      const weights = model.specialize(params, at);
      const all = model.withWeights(params, at, (own) => model.network.outputs!.apply(own, image, at));
      expect(all.map(({ shape }) => shape.slice(1, 3))).toEqual([
        [16, 12],
        [8, 6],
        [4, 3],
        [2, 2],
      ]);
      for (const same of [plain.apply(weights, image, setting(0.5)), all[0]!])
        expect(same.dataSync()).toEqual(logits.dataSync());
    }
  });

  test('what this release does not know is refused', () => {
    // Data of a program that is not typed.
    const network = { architecture: 'unett' as 'unet', options };
    expect(() => networkOf({ ...manifest, network })).toThrow(OptionError);
    expect(() => networkOf({ ...manifest, network })).toThrow("Did you mean 'unet'?");
    const broken = {
      architecture: 'unet',
      options: { ...options, inChannels: 'three' as unknown as number },
    } as const;
    expect(() => networkOf({ ...manifest, network: broken })).toThrow(ValueError);
  });
});
