import {
  initialize,
  namedSpecs,
  OptionError,
  type ParamsOf,
  paramTree,
  Rng,
  setting,
  ValueError,
} from '@sshn/core';
import { backends, useBackend } from '@sshn-internal/testing';
import { fill } from '@tensorflow/tfjs-core';
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
