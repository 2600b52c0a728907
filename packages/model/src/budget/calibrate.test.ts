import { initialize, type ParamsOf, Rng, type Setting, ShapeError, ValueError } from '@sshn/core';
import { backends, useBackend, withoutLeak } from '@sshn-internal/testing';
import { dispose } from '@tensorflow/tfjs-core';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ManifestInput } from '../manifest/schema.js';
import { type LoadedModel, loadModel, saveModel } from '../model.js';
import { networkOf } from '../network-of.js';
import { hypernetwork, options, manifest as small } from '../testing/small-model.js';
import { type CalibrationProgress, calibrate } from './calibrate.js';

const manifest: ManifestInput = {
  ...small,
  preprocessing: { ...small.preprocessing, size: [12, 9] },
  accuracyCost: [
    { factor: 0.5, dice: 0.927, gflops: 2.7, milliseconds: 31.5 },
    { factor: 0, dice: 0.722, gflops: 1.2, milliseconds: null },
  ],
};

async function modelOf(given: ManifestInput): Promise<LoadedModel> {
  const { specs } = networkOf(given);
  const params = initialize(specs, Rng.fromSeed(1)) as ParamsOf<typeof specs>;
  const bytes = await saveModel({ specs, params, manifest: given });
  dispose(params as never);
  return loadModel(bytes);
}

describe.each(backends)('calibrate on %s', (backend) => {
  let model: LoadedModel;
  beforeAll(() => useBackend(backend));
  beforeEach(async () => {
    model = await modelOf(manifest);
  });

  test('times the factors of the manifest, whose accuracy and cost it takes over', async () => {
    const seen: CalibrationProgress[] = [];
    const points = await calibrate(model, { repeats: 2, onProgress: (progress) => seen.push(progress) });
    expect(points.map(({ milliseconds, ...rest }) => rest)).toEqual([
      { factor: 0, dice: 0.722, gflops: 1.2 },
      { factor: 0.5, dice: 0.927, gflops: 2.7 },
    ]);
    for (const { milliseconds } of points) expect(milliseconds).toBeGreaterThan(0);
    // Of each factor one run that does not count, and two that do.
    expect(seen).toEqual([1, 2, 3, 4, 5, 6].map((done) => ({ done, total: 6 })));
  });

  test('a larger image takes longer', async () => {
    const [large] = await calibrate(model, { settings: [1], size: [128, 128], repeats: 3 });
    const [tiny] = await calibrate(model, { settings: [1], size: [2, 2], repeats: 3 });
    expect(large!.milliseconds!).toBeGreaterThan(tiny!.milliseconds!);
  });

  test('factors come back in rising order, each once', async () => {
    const points = await calibrate(model, { settings: [1, 0, 0.3, 1], repeats: 1 });
    expect(points.map(({ factor }) => factor)).toEqual([0, 0.3, 1]);
  });

  test('of other factors GFLOPs come from the argument, of other sizes nothing from the manifest', async () => {
    const cost = ({ factors: [factor] }: Setting) => ({ gflops: 10 + factor! });
    const points = await calibrate(model, { settings: [0.25, 0.5, 0.25], cost, repeats: 1 });
    expect(points.map(({ milliseconds, ...rest }) => rest)).toEqual([
      { factor: 0.25, dice: null, gflops: 10.25 },
      { factor: 0.5, dice: 0.927, gflops: 2.7 },
    ]);
    const [point] = await calibrate(model, { size: [9, 12], settings: [0.5], repeats: 1 });
    expect(point).toMatchObject({ dice: null, gflops: null });
  });

  test('leaves nothing behind: at the end, when stopped, and when it fails', async () => {
    await withoutLeak(() => calibrate(model, { repeats: 1 }));
    const stop = new AbortController();
    const why = new Error('The user closed the page.');
    await withoutLeak(async () => {
      const stopped = calibrate(model, { signal: stop.signal, onProgress: () => stop.abort(why) });
      await expect(stopped).rejects.toBe(why);
    });
    await withoutLeak(() => expect(calibrate(model, { size: [4, 4, 4] })).rejects.toThrow(ShapeError));
  });

  test('stops within a factor, before the next run', async () => {
    const stop = new AbortController();
    const began = performance.now();
    const stopped = calibrate(model, { repeats: 1_000_000, signal: stop.signal });
    setTimeout(() => stop.abort(), 20);
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    expect(performance.now() - began).toBeLessThan(5000);
  });
});

describe('calibrate', () => {
  beforeAll(() => useBackend('cpu'));

  const factorsOf = async (given: ManifestInput) => {
    const points = await calibrate(await modelOf({ ...given, accuracyCost: [] }), { repeats: 1 });
    return points.map(({ factor }) => factor);
  };

  test('before an evaluation the prior says which factors', async () => {
    expect(await factorsOf(manifest)).toEqual([0, 0.125, 0.25, 0.375, 0.5]);
    const fixed: ManifestInput = {
      ...manifest,
      method: { kind: 'fixed', factor: 0.3 },
      prior: { kind: 'constant', factor: 0.3 },
    };
    expect(await factorsOf(fixed)).toEqual([0.3]);
  });

  test('a hypernetwork that takes one factor per step gets them', async () => {
    const network = { architecture: 'unet', options: { ...options, features: [4, 4, 4] } } as const;
    const method = { kind: 'sshn', hypernetwork: { ...hypernetwork, factors: 2 } } as const;
    const points = await calibrate(await modelOf({ ...manifest, network, method }), { repeats: 1 });
    expect(points.map(({ factor }) => factor)).toEqual([0, 0.5]);
  });

  test('widths and resolutions of the table are timed as settings of their own', async () => {
    const network = { ...manifest.network, knobs: ['width', 'resolution'] as const };
    const accuracyCost = [
      { factor: 0.5, dice: 0.9, gflops: 3, milliseconds: null },
      { factor: 0.5, width: 0.5, resolution: 0.75, dice: 0.8, gflops: 1, milliseconds: null, mebibytes: 2 },
    ];
    const points = await calibrate(await modelOf({ ...manifest, network, accuracyCost }), { repeats: 1 });
    expect(points).toEqual([
      { ...accuracyCost[1], milliseconds: expect.any(Number) },
      { ...accuracyCost[0], milliseconds: expect.any(Number) },
    ]);
  });

  test('one that takes a condition gets that', async () => {
    const method = { kind: 'sshn', hypernetwork: { ...hypernetwork, conditions: 1 } } as const;
    // Two steps: a condition that is counted as a factor would look like one factor per step.
    const network = { architecture: 'unet', options: { ...options, features: [4, 4, 4] } } as const;
    const model = await modelOf({ ...manifest, network, method });
    expect(await calibrate(model, { conditions: [0.1], repeats: 1 })).toHaveLength(2);
    for (const conditions of [[], [0.1, 0.2]]) {
      await expect(calibrate(model, { conditions, repeats: 1 })).rejects.toThrow(ValueError);
      await expect(calibrate(model, { conditions, repeats: 1 })).rejects.toThrow(
        `calibrate: conditions: got [${conditions}], expected 1 in [0, 1].`,
      );
    }
  });

  test.each([
    [{ settings: [] }, 'calibrate: settings: got [], expected at least one.'],
    [{ settings: [{ factor: 0.5, width: 0.5 }] }, 'calibrate: width: got 0.5, expected none'],
    [{ settings: [1.5] }, 'setting: got 1.5, expected a factor in [0, 1]'],
    [{ repeats: 0 }, 'calibrate: repeats: got 0, expected an integer of at least 1.'],
    [{ size: [0, 4] }, 'calibrate: size: 0: got 0'],
  ])('%o is refused', async (options, message) => {
    const model = await modelOf(manifest);
    await expect(calibrate(model, options)).rejects.toThrow(ValueError);
    await expect(calibrate(model, options)).rejects.toThrow(message);
  });
});
