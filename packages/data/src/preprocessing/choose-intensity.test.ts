import { Rng, rangeOf } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { datasetOf } from '../dataset/from-examples.js';
import type { Example, Image } from '../dataset/types.js';
import { decodeImage } from '../formats/decode.js';
import { convertChannels, resizeImage } from '../geometry/resize.js';
import { generatePhantoms } from '../phantoms/generate.js';
import { buildPng } from '../testing/build.js';
import { chooseIntensity, intensityOf } from './choose-intensity.js';
import { normalizeIntensity } from './preprocess.js';

const imageOf = (
  count: number,
  value: (i: number, rng: Rng) => number,
  intensities?: Image['intensities'],
): Image => {
  const rng = Rng.fromSeed(5);
  const values = Float32Array.from({ length: count }, (_, i) => value(i, rng));
  return { values, size: [1, count], channels: 1, ...(intensities === undefined ? {} : { intensities }) };
};

/** A tenth of tissue of 20 000 to 40 000 in a background of noise, as 16-bit MR stores it. */
const mr = imageOf(4000, (i, rng) => (i % 10 === 0 ? rng.uniform(20_000, 40_000) : rng.uniform(0, 900)));
/** Half air, then lung, fat, soft tissue and a little bone; the corners are filled. */
const ct = imageOf(4000, (i, rng) => {
  if (i < 200) return -3024;
  if (i < 2000) return -1000 + 20 * rng.normal();
  if (i < 3000) return -100 + 20 * rng.normal();
  return i < 3950 ? 50 + 20 * rng.normal() : rng.uniform(300, 1500);
});

describe('intensityOf', () => {
  it('leaves pictures of 8 bits as they are, however dark', async () => {
    const pixels = [0, 0, 1, 2, 0, 3, 4, 5];
    const dark = await decodeImage(buildPng({ width: 3, height: 2, bits: 8, colorType: 0, pixels }), 'a.png');
    const { intensity, sentence } = intensityOf([{ image: dark }]);
    expect(intensity).toEqual({ kind: 'none' });
    expect(sentence).toBe('Intensities stay as they are (pictures, scaled to 0…1: 0 to 0.01961 in 1 image).');
  });

  it('stretches pictures of 16 bits, as cameras of 12 bits fill a sixteenth of them', async () => {
    const pixels = [0, 0, 0, 8, 0, 15, 255, 4, 7];
    const camera = await decodeImage(
      buildPng({ width: 4, height: 1, bits: 16, colorType: 0, pixels }),
      'a.png',
    );
    expect(camera.intensities).toBe('scanner');
    expect(intensityOf([{ image: camera }]).intensity.kind).toBe('percentile');
  });

  it('stretches the numbers of a scanner within the foreground, to [0, 1] with tissue spread over it', () => {
    const { intensity, sentence } = intensityOf([{ image: mr }]);
    expect(intensity).toEqual({ kind: 'percentile', low: 1, high: 99, within: 'foreground' });
    expect(sentence).toMatch(
      /^Each image is clipped from its percentile 1 to percentile 99 of its foreground, .* \(numbers of a scanner: .* in 1 image\)\.$/,
    );
    const seen = normalizeIntensity(mr.values, intensity);
    expect(rangeOf(seen)).toEqual([0, 1]);
    const tissue = seen.filter((_, i) => i % 10 === 0);
    expect(tissue.reduce((sum, v) => sum + v, 0) / tissue.length).toBeCloseTo(0.75, 1);
    // The plain percentile 99 of an image with 99.5 % background would be background.
    const sparse = Float32Array.from({ length: 1000 }, (_, i) => (i % 200 === 0 ? 30_000 + i : 0));
    expect(rangeOf(normalizeIntensity(sparse, intensity))).toEqual([0, 1]);
    const bright = Float32Array.from({ length: 1000 }, (_, i) => (i === 0 ? 0 : 9));
    expect(rangeOf(normalizeIntensity(bright, intensity))).toEqual([0, 1]);
  });

  it('takes a window for CT: told by its numbers, whatever fills the corners', () => {
    expect(intensityOf([{ image: ct }])).toMatchObject({
      intensity: { kind: 'window', low: -1000, high: 1000 },
      sentence: expect.stringMatching(/CT in Hounsfield units: -3024 to .*; no voxels are labelled\)\.$/),
    });
    const phase = imageOf(4000, (_, rng) => rng.uniform(-4096, 4094));
    const standardized = imageOf(4000, (_, rng) => rng.normal());
    const difference = imageOf(4000, (i) => (i === 0 ? -600 : i % 2000));
    for (const image of [phase, standardized, difference]) {
      expect(intensityOf([{ image }]).intensity.kind).toBe('percentile');
    }
  });

  it('fits the window to what is labelled, as nnU-Net does, and never makes it narrow', () => {
    const labelled = (from: number, to: number) => ({
      image: ct,
      labels: {
        values: Uint8Array.from({ length: 4000 }, (_, i) => (i >= from && i < to ? 1 : 0)),
        size: [1, 4000],
      },
    });
    // Fat and soft tissue: −150 to 100 at the percentiles, widened to 400 about the middle.
    const narrow = intensityOf([labelled(2000, 3950)]).intensity as { low: number; high: number };
    expect(narrow.high - narrow.low).toBeGreaterThanOrEqual(400);
    expect(narrow.high - narrow.low).toBeLessThanOrEqual(420);
    expect(Math.abs((narrow.high + narrow.low) / 2 + 25)).toBeLessThan(20);
    const wide = intensityOf([labelled(500, 3950)]).intensity as { low: number; high: number };
    expect(wide.low).toBeLessThan(-1000);
    expect(Number.isInteger(wide.low / 10)).toBe(true);
    expect(wide.high).toBeLessThan(200);
  });

  it('counts pieces without air as CT where others are, and mixed kinds as numbers of a scanner', () => {
    const piece = imageOf(400, (_, rng) => 40 + 60 * rng.normal());
    expect(intensityOf([{ image: ct }, { image: piece }]).intensity.kind).toBe('window');
    expect(intensityOf([{ image: ct }, { image: mr }]).intensity.kind).toBe('percentile');
    expect(intensityOf([]).intensity.kind).toBe('none');
  });

  it('keeps an explicit choice and says which images it collapses', () => {
    const sparse = imageOf(1000, (i) => (i === 0 ? 30_000 : 0), 'scanner');
    const choice = { kind: 'percentile', low: 1, high: 99 } as const;
    const { intensity, warnings } = intensityOf([{ id: 'a', image: sparse }], choice);
    expect(intensity).toBe(choice);
    expect(warnings).toEqual([
      'a becomes one value everywhere: its intensities go from 0 to 30000, and the percentiles 1 and 99 are 0 and 0',
    ]);
    expect(
      intensityOf([{ id: 'a', image: sparse }], { kind: 'window', low: -200, high: 0 }).warnings[0],
    ).toMatch(/the ends of the window are -200 and 0$/);
    expect(intensityOf([{ image: imageOf(9, () => 3) }], choice).warnings).toEqual([]);
    expect(intensityOf([{ image: mr }], choice).warnings).toEqual([]);
    // A choice that fits the others collapses this one.
    const chosen = intensityOf([{ image: mr }, { image: mr }, { id: 'odd', image: sparse }]);
    expect(chosen.intensity.kind).toBe('percentile');
    const { low, high } = chosen.intensity as { low: number; high: number };
    const [warning] = intensityOf([{ id: 'odd', image: sparse }], { kind: 'percentile', low, high }).warnings;
    expect(warning).toMatch(/^odd becomes one value everywhere/);
  });
});

describe('chooseIntensity', () => {
  it('looks at a few images of the ids alone, and finds phantoms to be pictures', async () => {
    const phantoms = generatePhantoms({ kind: 'blobs', count: 100, size: [16, 16], seed: 1 });
    const loaded: string[] = [];
    const counted = {
      load: (id: string) => {
        loaded.push(id);
        return phantoms.load(id);
      },
    };
    const { intensity, warnings } = await chooseIntensity(counted, phantoms.ids.slice(0, 60));
    expect([intensity, warnings]).toEqual([{ kind: 'none' }, []]);
    expect(loaded).toHaveLength(24);
    expect(new Set(loaded).size).toBe(24);
    expect(loaded.every((id) => phantoms.ids.indexOf(id) < 60)).toBe(true);
  });

  it('is the same from JSON, and warns by id', async () => {
    const example = (id: string, image: Image): Example => ({
      id,
      image,
      labels: { values: new Uint8Array(4000), size: image.size },
    });
    const dataset = datasetOf([example('a', mr), example('b', mr)], {
      name: 'mr',
      labelNames: ['background'],
    });
    const { intensity } = await chooseIntensity(dataset, dataset.ids);
    expect(normalizeIntensity(mr.values, JSON.parse(JSON.stringify(intensity)))).toEqual(
      normalizeIntensity(mr.values, intensity),
    );
    const choice = { kind: 'window', low: 5e4, high: 6e4 } as const;
    expect((await chooseIntensity(dataset, dataset.ids, choice)).warnings.map((w) => w[0])).toEqual([
      'a',
      'b',
    ]);
  });
});

describe('what the numbers are', () => {
  it('stays known through channels and sizes', () => {
    const color = convertChannels({ ...mr, size: [40, 100], intensities: 'scanner' }, 3);
    expect(resizeImage(color, [10, 10]).intensities).toBe('scanner');
  });
});
