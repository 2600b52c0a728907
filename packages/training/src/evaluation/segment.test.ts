import { initialize, Rng, setting } from '@sshn/core';
import { hausdorffDistance } from '@sshn/losses';
import { networkOf } from '@sshn/model';
import { useBackend, withoutLeak } from '@sshn-internal/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseRunConfig } from '../config/run-config.js';
import { describeNetwork } from '../methods/network.js';
import { disks } from '../testing/disks.js';
import { segment, surfaceOver } from './segment.js';

beforeAll(() => useBackend('wasm'));

const dataset = disks(5, [16, 12]);
const config = parseRunConfig({ architecture: { features: 4, stages: 2 } }, 'test');
const model = networkOf(describeNetwork(config, dataset));
const at = setting(0.5);

/** The disks with pixels of a known size, all but some. */
const withSpacing = (spacingMm: readonly number[], but: readonly string[] = []) => ({
  ...dataset,
  load: async (id: string) => {
    const example = await dataset.load(id);
    return but.includes(id) ? example : { ...example, spacingMm };
  },
});

describe('surfaceOver', () => {
  const params = () => initialize(model.specs, Rng.fromSeed(3));

  test('is the mean of the metrics of each image', async () => {
    const weights = params();
    const expected: number[] = [];
    for await (const { batch, predicted } of segment(model, weights, dataset, dataset.ids, at, 1)) {
      const options = { labels: 2, shape: [16, 12], percentile: 95, oneEmpty: 'diagonal' } as const;
      expected.push(hausdorffDistance(predicted, batch.labels, options).mean);
    }
    const result = await withoutLeak(() => surfaceOver(model, weights, dataset, dataset.ids, at, 1));
    expect(result).toMatchObject({ unit: 'pixels', tolerance: 1 });
    expect(result.hausdorff95).toBeCloseTo(expected.reduce((a, b) => a + b, 0) / expected.length, 9);
    expect(result.averageDistance).toBeLessThanOrEqual(result.hausdorff95);
    expect(result.surfaceDice).toBeGreaterThanOrEqual(0);
    expect(result.surfaceDice).toBeLessThanOrEqual(1);
  });

  test('is in mm where every image says how large its pixels are', async () => {
    const weights = params();
    const pixels = await surfaceOver(model, weights, dataset, dataset.ids, at, 1);
    const mm = await surfaceOver(model, weights, withSpacing([2, 2]), dataset.ids, at, 2);
    expect(mm.unit).toBe('mm');
    expect(mm.hausdorff95).toBeCloseTo(2 * pixels.hausdorff95, 9);
    expect(mm.surfaceDice).toBeCloseTo(pixels.surfaceDice, 9);
    const some = await surfaceOver(
      model,
      weights,
      withSpacing([2, 2], [dataset.ids[1]!]),
      dataset.ids,
      at,
      1,
    );
    expect(some).toEqual(pixels);
  });

  test('a wider tolerance gives a higher surface Dice', async () => {
    const weights = params();
    const dice = async (tolerance: number) =>
      (await surfaceOver(model, weights, dataset, dataset.ids, at, tolerance)).surfaceDice;
    expect(await dice(4)).toBeGreaterThan(await dice(0));
  });
});
