import { Rng, ShapeError, ValueError } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { type BatchOptions, batches } from './batches.js';
import { drawPatches } from './patches.js';
import type { Example } from './types.js';

/** An image whose every value says where it is: 1 + its place, the second channel its negative; labels at random. */
function example(size: readonly number[], labelOf: (pixel: number) => number): Example {
  const pixels = size.reduce((product, n) => product * n, 1);
  const values = Float32Array.from({ length: 2 * pixels }, (_, i) => (1 + (i >> 1)) * (i % 2 === 0 ? 1 : -1));
  const labels = Uint8Array.from({ length: pixels }, (_, i) => labelOf(i));
  return { id: 'one', image: { values, size, channels: 2 }, labels: { values: labels, size } };
}

const random = Rng.fromSeed(11);
const anyLabel = () => random.integer(4);

describe.each([
  [
    [9, 7],
    [4, 3],
  ],
  [
    [9, 7],
    [9, 7],
  ],
  [
    [6, 1],
    [1, 1],
  ],
  [
    [3, 8],
    [5, 4],
  ],
  [
    [1, 1],
    [2, 3],
  ],
  [
    [5, 6, 7],
    [3, 2, 4],
  ],
  [
    [5, 1, 7],
    [2, 4, 7],
  ],
  [
    [2, 3, 2],
    [3, 4, 5],
  ],
])('patches of images of %j of size %j', (size, patch) => {
  const one = example(size, anyLabel);
  const options = { size: patch, perImage: 40, foreground: 0.5 };

  test('are slices of image and labels, padded with the lowest value and background', () => {
    const least = -one.labels.values.length;
    const starts = new Set<string>();
    for (const { id, image, labels } of drawPatches(one, options, Rng.fromSeed(5))) {
      expect([id, image.size, labels.size, image.channels]).toEqual(['one', patch, patch, 2]);
      const offset = patch.map((n, axis) => Math.trunc((Math.max(n, size[axis]!) - size[axis]!) / 2));
      // Where any pixel says that the patch begins in the image; all others must agree.
      const known = Array.from(labels.values, (_, i) => i).find((i) => image.values[2 * i]! > 0);
      if (known === undefined) continue; // Of border alone.
      const at = (index: number, edges: readonly number[]) =>
        edges.map((n, axis) => {
          const inner = edges.slice(axis + 1).reduce((product, m) => product * m, 1);
          return Math.floor(index / inner) % n;
        });
      const origin = at(image.values[2 * known]! - 1, size);
      const begin = at(known, patch).map((place, axis) => origin[axis]! - place);
      starts.add(begin.join());
      begin.forEach((start, axis) => {
        expect(start).toBeGreaterThanOrEqual(-offset[axis]!);
        expect(start + patch[axis]!).toBeLessThanOrEqual(Math.max(size[axis]!, patch[axis]! - offset[axis]!));
      });
      const wanted = [...labels.values.keys()].map((i) => {
        const place = at(i, patch).map((p, axis) => p + begin[axis]!);
        const isInside = place.every((p, axis) => p >= 0 && p < size[axis]!);
        const pixel = place.reduce((sum, p, axis) => sum * size[axis]! + p, 0);
        return isInside
          ? [one.image.values[2 * pixel], one.image.values[2 * pixel + 1], one.labels.values[pixel]]
          : [least, least, 0];
      });
      expect([...image.values]).toEqual(wanted.flatMap((of) => of.slice(0, 2)));
      expect([...labels.values]).toEqual(wanted.map((of) => of[2]));
    }
    const room = patch.reduce((product, n, axis) => product * Math.max(1, size[axis]! - n + 1), 1);
    expect(starts.size).toBeGreaterThan(Math.min(room, 12) / 2);
  });

  test('are the same of the same generator, which is not advanced, and others of another', () => {
    const rng = Rng.fromSeed(5);
    const first = drawPatches(one, options, rng);
    expect(drawPatches(one, options, rng)).toEqual(first);
    // Each hangs on its own number, so how many there are does not matter.
    expect(drawPatches(one, { ...options, perImage: 3 }, rng)).toEqual(first.slice(0, 3));
    if (patch.some((n, axis) => n < size[axis]!)) {
      expect(drawPatches(one, options, Rng.fromSeed(6))).not.toEqual(first);
    }
  });
});

describe('balance', () => {
  // Label 1 has half of a row of 400 pixels, label 2 a fiftieth, label 3 one pixel.
  const labelOf = (i: number) => (i === 399 ? 3 : i >= 100 && i < 108 ? 2 : i >= 200 ? 1 : 0);
  const row = example([400, 1], labelOf);
  const count = 6000;
  const drawn = (foreground: number) => {
    // Patches of one pixel: their label is what they were drawn around.
    const all = drawPatches(row, { size: [1, 1], perImage: count, foreground }, Rng.fromSeed(3));
    const counts = [0, 0, 0, 0];
    for (const { labels } of all) counts[labels.values[0]!]! += 1;
    return counts.map((n) => n / count);
  };
  /** Five standard deviations of a share. */
  const slack = (p: number) => 5 * Math.sqrt((p * (1 - p)) / count);

  test.each([0, 0.3, 1])('labels come alike in a share of %f, by their size in the rest', (foreground) => {
    const shares = [192, 199, 8, 1].map((n) => n / 400);
    drawn(foreground).forEach((share, label) => {
      const wanted = (1 - foreground) * shares[label]! + (label === 0 ? 0 : foreground / 3);
      expect(Math.abs(share - wanted)).toBeLessThanOrEqual(slack(wanted));
    });
  });

  test('within a label all pixels come alike, anywhere in the middle half of a patch, inside of the image', () => {
    const [n, edge] = [60, 8];
    const lone = example([n], () => 0);
    expect(() => drawPatches(lone, { size: [1, 1], perImage: 1, foreground: 0 }, Rng.fromSeed(1))).toThrow(
      ShapeError,
    );
    const offsets = new Map<number, number>();
    const pair = example([n, 1], (i) => (i === 30 || i === 59 ? 1 : 0));
    for (const { labels } of drawPatches(
      pair,
      { size: [edge, 1], perImage: 4000, foreground: 1 },
      Rng.fromSeed(2),
    )) {
      const at = labels.values.indexOf(1);
      offsets.set(at, (offsets.get(at) ?? 0) + 1);
    }
    // The pixel within: at 2, 3, 4 or 5. The one at the border: always the last.
    expect([...offsets.keys()].sort()).toEqual([2, 3, 4, 5, 7]);
    expect(Math.abs(offsets.get(7)! - 2000)).toBeLessThan(160);
    for (const at of [2, 3, 4, 5]) expect(Math.abs(offsets.get(at)! - 500)).toBeLessThan(105);
  });

  test('an image without labels gives patches from anywhere', () => {
    const empty = example([30, 1], () => 0);
    const options = { size: [10, 1], perImage: 500, foreground: 1 };
    const starts = drawPatches(empty, options, Rng.fromSeed(1)).map(({ image }) => image.values[0]);
    expect(new Set(starts).size).toBe(21);
  });
});

test('refuses sizes, counts and shares that make no sense', () => {
  const one = example([4, 4], anyLabel);
  const draw = (changes: object) => () =>
    drawPatches(one, { size: [2, 2], perImage: 1, foreground: 0.5, ...changes }, Rng.fromSeed(1));
  expect(draw({ size: [2, 2, 2] })).toThrow(/got shape \[2, 2, 2\], expected 2 edges, for an image of 4×4/);
  expect(draw({ size: [2, 0.5] })).toThrow(ValueError);
  expect(draw({ perImage: 0 })).toThrow(ValueError);
  expect(draw({ foreground: 1.5 })).toThrow(/foreground/);
});

describe('batches of patches', () => {
  const ids = ['a', 'b', 'c', 'd', 'e'];
  const patches = { size: [3, 2], perImage: 3, foreground: 0.5 };
  const collect = async (options: Partial<BatchOptions> = {}, broken?: string) => {
    const loads: string[] = [];
    let underway = 0;
    const dataset = {
      load: async (id: string) => {
        loads.push(id);
        underway++;
        await new Promise((resolve) => setTimeout(resolve, 1));
        expect(underway--).toBe(1); // Whole images are large.
        if (id === broken) throw new Error(`no ${id}`);
        return { ...example([7, 5], (i) => (i * 7 + id.charCodeAt(0)) % 3), id };
      },
    };
    const order = Rng.fromSeed(9);
    const all = [];
    for await (const one of batches(dataset, ids, { batchSize: 4, order, patches, ...options }))
      all.push(one);
    return { all, loads };
  };

  test('count patches, and load every image once', async () => {
    const { all, loads } = await collect();
    expect(all.map(({ shape }) => shape[0])).toEqual([4, 4, 4, 3]);
    expect(all[0]!.shape.slice(1)).toEqual([3, 2, 2]);
    expect([...loads].sort()).toEqual(ids);
    expect(all.flatMap((batch) => batch.ids)).toEqual(loads.flatMap((id) => [id, id, id]));
    expect((await collect({ dropLast: true })).all).toHaveLength(3);
  });

  test('an image that cannot be loaded fails where its first patch is due', async () => {
    const { loads } = await collect();
    let taken = 0;
    const count = (one: Example) => {
      taken++;
      return one;
    };
    const error = await collect({ transform: count }, loads[3]).catch(String);
    expect(error).toBe(`Error: no ${loads[3]}`);
    expect(taken).toBeGreaterThanOrEqual(9);
  });

  test('are the same for any batch size and prefetch, and from the middle on', async () => {
    const { all } = await collect();
    const pixels = (of: typeof all) => of.flatMap(({ images }) => [...images]);
    expect(pixels((await collect({ batchSize: 15, prefetch: 0 })).all)).toEqual(pixels(all));
    expect((await collect({ first: 2 })).all).toEqual(all.slice(2));
    expect(pixels((await collect({ order: Rng.fromSeed(10) })).all)).not.toEqual(pixels(all));
  });
});
