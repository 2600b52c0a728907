import { Rng, ShapeError, ValueError } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { augment } from '../augmentation/augment.js';
import { type BatchOptions, batches } from '../dataset/batches.js';
import type { Batch, Dataset } from '../dataset/types.js';
import { pairDataset, pairId, pairsWithin } from './pairs.js';

/** Subjects a, b, c with slices 1 and 2; c lacks slice 2. */
const ids = ['a-1', 'a-2', 'b-1', 'b-2', 'c-1'];
const dataset: Dataset = {
  name: 'slices',
  ids,
  size: [1, 2],
  channels: 2,
  labelNames: ['background', 'cell'],
  subjectOf: (id) => id[0]!,
  load: async (id) => ({
    id,
    image: {
      values: Float32Array.from([1, 2, 3, 4], (x) => x + 10 * ids.indexOf(id)),
      size: [1, 2],
      channels: 2,
    },
    labels: { values: Uint8Array.of(0, ids.indexOf(id)), size: [1, 2] },
  }),
};
const idsOf = (pairs: ReturnType<typeof pairsWithin>) => pairs.map(pairId).sort();

describe('pairsWithin', () => {
  test('pairs the same slices of different subjects, both ways', () => {
    expect(idsOf(pairsWithin(dataset, ids))).toEqual(
      [
        'a-1 > b-1',
        'a-1 > c-1',
        'b-1 > a-1',
        'b-1 > c-1',
        'c-1 > a-1',
        'c-1 > b-1',
        'a-2 > b-2',
        'b-2 > a-2',
      ].sort(),
    );
  });

  test('images without subjects pair with all others', () => {
    const plain = { ids: ['x', 'y', 'z'] };
    expect(idsOf(pairsWithin(plain, ['x', 'z']))).toEqual(['x > z', 'z > x']);
  });

  test('an atlas is the only fixed subject, from whatever part of the split', () => {
    expect(idsOf(pairsWithin(dataset, ['b-1', 'b-2', 'c-1'], { atlas: 'a' }))).toEqual([
      'b-1 > a-1',
      'b-2 > a-2',
      'c-1 > a-1',
    ]);
  });

  test('a few of many are drawn, the same for the same seed', () => {
    const subjects = Array.from({ length: 9 }, (_, i) => `${i}-1`);
    const many = { ids: subjects, subjectOf: (id: string) => id[0]! };
    const draw = (seed: number) => pairsWithin(many, subjects, { perImage: 2, rng: Rng.fromSeed(seed) });
    expect(draw(1)).toHaveLength(18);
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test('refuses what makes no pair', () => {
    expect(() => pairsWithin(dataset, ['a-1', 'a-2'])).toThrow(ValueError);
    expect(() => pairsWithin(dataset, ids, { atlas: 'z' })).toThrow('expected one of the subjects: a, b, c');
    expect(() => pairsWithin(dataset, ids, { perImage: 2 })).toThrow('rng');
    expect(() => pairsWithin(dataset, ids, { perImage: 0, rng: Rng.fromSeed(1) })).toThrow(ValueError);
  });
});

describe('pairDataset', () => {
  const pairs = pairDataset(dataset, pairsWithin(dataset, ids));

  test('stacks channels, moving first, and keeps both label maps', async () => {
    const { image, labels, movingLabels } = await pairs.load('b-1 > a-1');
    expect([...image.values]).toEqual([21, 22, 1, 2, 23, 24, 3, 4]);
    expect([image.channels, pairs.channels]).toEqual([4, 4]);
    expect([...labels.values]).toEqual([0, 0]);
    expect([...movingLabels.values]).toEqual([0, 2]);
  });

  test('batches hold both label maps, and augmentation moves them alike', async () => {
    const ids = ['b-1 > a-1', 'c-1 > b-1'];
    const first = async (transform?: BatchOptions['transform']) =>
      (await batches(pairs, ids, { batchSize: 2, ...(transform === undefined ? {} : { transform }) }).next())
        .value as Batch;
    const plain = await first();
    expect([...plain.labels]).toEqual([0, 0, 0, 2]);
    expect([...plain.movingLabels!]).toEqual([0, 2, 0, 4]);
    expect([...(await first(augment({}))).movingLabels!]).toEqual([0, 2, 0, 4]);
    // Half of the draws flip: some seed flips both pairs, and with them all four label maps.
    const flip = augment({ flip: ['width'] });
    const seed = [1, 2, 3, 4, 5, 6, 7, 8].find((n) => {
      const { labels } = flip(
        {
          id: 'x',
          image: { values: Float32Array.of(0, 1), size: [1, 2], channels: 1 },
          labels: { values: Uint8Array.of(0, 1), size: [1, 2] },
        },
        Rng.fromSeed(n),
      );
      return labels.values[0] === 1;
    })!;
    const flipped = await first((example) => flip(example, Rng.fromSeed(seed)));
    expect([...flipped.labels]).toEqual([0, 0, 2, 0]);
    expect([...flipped.movingLabels!]).toEqual([2, 0, 4, 0]);
    expect([...flipped.images.subarray(0, 8)]).toEqual([23, 24, 3, 4, 21, 22, 1, 2]);
  });

  test('images alone have no labels of moving ones', async () => {
    const { value } = await batches(dataset, ['a-1'], { batchSize: 1 }).next();
    expect(value).not.toHaveProperty('movingLabels');
  });

  test('refuses unknown pairs and images of two sizes', async () => {
    await expect(pairs.load('a-1 > a-2')).rejects.toThrow(ValueError);
    const uneven: Dataset = {
      ...dataset,
      load: async (id) => {
        const example = await dataset.load(id);
        return id === 'b-1' ? { ...example, image: { ...example.image, size: [2, 1] } } : example;
      },
    };
    const both = pairDataset(uneven, [{ moving: 'b-1', fixed: 'a-1' }]);
    await expect(both.load('b-1 > a-1')).rejects.toThrow(ShapeError);
  });
});
