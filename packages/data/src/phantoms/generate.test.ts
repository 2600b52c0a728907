import { describe, expect, it } from 'vitest';
import type { Example } from '../dataset/types.js';
import { generatePhantoms, type PhantomOptions } from './generate.js';

const cells: PhantomOptions = { kind: 'cells', count: 40, size: [64, 64], seed: 5 };
const balls: PhantomOptions = { kind: 'blobs', count: 12, size: [20, 24, 28], seed: 5 };

const loadAll = (options: PhantomOptions): Promise<Example[]> => {
  const dataset = generatePhantoms(options);
  return Promise.all(dataset.ids.map((id) => dataset.load(id)));
};
const shareOf = (examples: readonly Example[], label: number): number => {
  const all = examples.flatMap(({ labels }) => [...labels.values]);
  return all.filter((value) => value === label).length / all.length;
};
/** Mean of one channel over the pixels of one label. */
const meanOf = ({ image, labels }: Example, label: number, channel: number): number => {
  const values = image.values.filter(
    (_, i) => i % image.channels === channel && labels.values[Math.floor(i / image.channels)] === label,
  );
  return values.reduce((sum, v) => sum + v, 0) / values.length;
};

describe.each([
  ['cells', cells, 3, ['background', 'cytoplasm', 'nucleus']],
  ['cells, tall', { ...cells, count: 4, size: [96, 40] }, 3, ['background', 'cytoplasm', 'nucleus']],
  ['blobs in 2D', { ...balls, size: [40, 33] }, 1, ['background', 'solid', 'hollow']],
  ['blobs in 3D', balls, 1, ['background', 'solid', 'hollow']],
] as Array<[string, PhantomOptions, number, string[]]>)('%s', (_, options, channels, labelNames) => {
  it('declares what it loads', async () => {
    const dataset = generatePhantoms(options);
    expect(dataset).toMatchObject({ channels, labelNames, size: options.size });
    expect(dataset.ids).toHaveLength(options.count);
    const pixels = options.size.reduce((product, n) => product * n, 1);
    for (const { image, labels } of await loadAll(options)) {
      expect([image.size, image.channels, labels.size]).toEqual([options.size, channels, options.size]);
      expect([image.values.length, labels.values.length]).toEqual([pixels * channels, pixels]);
      expect(image.values.every((v) => v >= 0 && v <= 1)).toBe(true);
      expect(labels.values.every((v) => v <= 2)).toBe(true);
    }
  });

  it('has enough of every label to learn from', async () => {
    const examples = await loadAll(options);
    expect(shareOf(examples, 0)).toBeGreaterThan(0.5);
    expect(shareOf(examples, 1)).toBeGreaterThan(0.02);
    expect(shareOf(examples, 2)).toBeGreaterThan(0.02);
  });

  it('depends on seed and id only', async () => {
    const dataset = generatePhantoms(options);
    const longer = generatePhantoms({ ...options, count: options.count + 7 });
    const other = generatePhantoms({ ...options, seed: 6 });
    const [first, second] = [dataset.ids[0]!, dataset.ids[1]!];
    const example = await dataset.load(second);
    expect(await dataset.load(second)).toEqual(example);
    expect(await longer.load(second)).toEqual(example);
    expect((await other.load(second)).labels).not.toEqual(example.labels);
    expect((await dataset.load(first)).labels).not.toEqual(example.labels);
  });
});

describe('generated cells', () => {
  it('have a nucleus in every image, and cytoplasm around it', async () => {
    for (const { labels } of await loadAll(cells)) {
      const { values, size } = labels;
      const width = size[1]!;
      const nuclei = [...values.keys()].filter((i) => values[i] === 2);
      expect(nuclei.length).toBeGreaterThan(40);
      for (const i of nuclei) {
        const [y, x] = [Math.floor(i / width), i % width];
        const neighbors = [
          y > 0 ? values[i - width] : 2,
          y < size[0]! - 1 ? values[i + width] : 2,
          x > 0 ? values[i - 1] : 2,
          x < width - 1 ? values[i + 1] : 2,
        ];
        // No nucleus touches background: the stain that does is debris.
        expect(neighbors).not.toContain(0);
      }
    }
  });

  it('are darkest in the nucleus, most of all in green, as the stain has it', async () => {
    for (const example of await loadAll(cells)) {
      expect(meanOf(example, 2, 1)).toBeLessThan(meanOf(example, 1, 1));
      expect(meanOf(example, 2, 1)).toBeLessThan(meanOf(example, 2, 2));
      expect(meanOf(example, 2, 1)).toBeLessThan(meanOf(example, 0, 1) - 0.1);
    }
  });

  it('cannot be told by color alone: the best cut on green loses a good part of the nuclei', async () => {
    // All images are cut at the one level that does best over all of them.
    const examples = await loadAll(cells);
    let best = 0;
    for (let level = 0.1; level < 0.8; level += 0.02) {
      let [both, either] = [0, 0];
      for (const { image, labels } of examples) {
        labels.values.forEach((label, i) => {
          const dark = image.values[i * 3 + 1]! < level;
          if (dark && label === 2) both++;
          either += Number(dark) + Number(label === 2);
        });
      }
      best = Math.max(best, (2 * both) / either);
    }
    expect(best).toBeGreaterThan(0.5);
    expect(best).toBeLessThan(0.9);
  });

  it('show the same scene at any resolution', async () => {
    const [coarse, fine] = await Promise.all([loadAll(cells), loadAll({ ...cells, size: [128, 128] })]);
    for (const [i, example] of coarse.entries()) {
      const large = fine[i]!.labels.values;
      const agree = example.labels.values.filter(
        (label, at) => label === large[2 * Math.floor(at / 64) * 128 + 2 * (at % 64)],
      );
      expect(agree.length / example.labels.values.length).toBeGreaterThan(0.9);
    }
  });

  it('hold 8-bit values, so that a PNG stores them exactly', async () => {
    const [{ image }] = (await loadAll({ ...cells, count: 1 })) as [Example];
    expect(image.values.every((v) => Math.fround(Math.round(v * 255) / 255) === v)).toBe(true);
  });
});

describe('generated blobs', () => {
  it('shine: solid ones all over, hollow ones on average less', async () => {
    const examples = await loadAll({ ...balls, count: 30 });
    const mean = (label: number): number =>
      examples.reduce((sum, e) => sum + (e.labels.values.includes(label) ? meanOf(e, label, 0) : 0), 0) /
      examples.filter((e) => e.labels.values.includes(label)).length;
    expect(mean(1)).toBeGreaterThan(mean(0) + 0.2);
    expect(mean(2)).toBeGreaterThan(mean(0) + 0.05);
    expect(mean(1)).toBeGreaterThan(mean(2) + 0.05);
  });
});

describe('generatePhantoms', () => {
  it('refuses what it cannot generate', () => {
    expect(() => generatePhantoms({ ...cells, kind: 'cell' as never })).toThrow(/Did you mean 'cells'\?/);
    expect(() => generatePhantoms({ ...cells, count: 0 })).toThrow(/count: got 0/);
    expect(() => generatePhantoms({ ...cells, size: [8, 8, 8] })).toThrow(
      /size of 'cells': got \[8,8,8\], expected \[height, width\], whole/,
    );
    expect(() => generatePhantoms({ ...balls, size: [8, 7] })).toThrow(/at least 8/);
    expect(() => generatePhantoms({ ...cells, seed: -1 })).toThrow(/Rng.fromSeed: got -1/);
  });

  it('names the dataset when it is asked for an id it does not have', async () => {
    await expect(generatePhantoms(cells).load('cells-040')).rejects.toThrow(
      /dataset 'generated cells': got "cells-040"/,
    );
  });
});
