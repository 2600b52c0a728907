import { Rng } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { batches } from './batches.js';
import { datasetOf } from './from-examples.js';
import type { Batch, Dataset, Example } from './types.js';

/** One pixel by two, two channels; every value tells which example it is from. */
const example = (n: number): Example => ({
  id: `${n}`,
  image: { values: Float32Array.of(n, n + 0.25, n + 0.5, n + 0.75), size: [1, 2], channels: 2 },
  labels: { values: Uint8Array.of(n, n + 1), size: [1, 2] },
});
const dataset = datasetOf([0, 1, 2, 3, 4].map(example), {
  name: 'numbers',
  labelNames: ['background', 'one', 'two', 'three', 'four', 'five'],
});
const collect = async (source: AsyncIterable<Batch>): Promise<Batch[]> => {
  const all: Batch[] = [];
  for await (const batch of source) all.push(batch);
  return all;
};
const idsOf = (all: readonly Batch[]): string[][] => all.map(({ ids }) => [...ids]);
const tick = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

describe('batches', () => {
  it('stacks images and labels', async () => {
    const [first, , last] = await collect(batches(dataset, dataset.ids, { batchSize: 2 }));
    expect(first).toEqual({
      ids: ['0', '1'],
      images: Float32Array.of(0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75),
      labels: Int32Array.of(0, 1, 1, 2),
      shape: [2, 1, 2, 2],
    });
    expect(last).toEqual({
      ids: ['4'],
      images: Float32Array.of(4, 4.25, 4.5, 4.75),
      labels: Int32Array.of(4, 5),
      shape: [1, 1, 2, 2],
    });
  });

  it('drops the last batch on request', async () => {
    const options = { batchSize: 2, dropLast: true };
    expect(idsOf(await collect(batches(dataset, dataset.ids, options)))).toEqual([
      ['0', '1'],
      ['2', '3'],
    ]);
  });

  it('shuffles by the generator, which stays where it was', async () => {
    const rng = Rng.fromSeed(4);
    const once = await collect(batches(dataset, dataset.ids, { batchSize: 5, order: rng }));
    const again = await collect(batches(dataset, dataset.ids, { batchSize: 5, order: rng }));
    const other = await collect(batches(dataset, dataset.ids, { batchSize: 5, order: Rng.fromSeed(5) }));
    expect(again).toEqual(once);
    expect(idsOf(other)).not.toEqual(idsOf(once));
    expect([...once[0]!.ids].sort()).toEqual(dataset.ids);
  });

  it('gives the transform draws that depend on the position only, not on batch size, prefetch or timing', async () => {
    const slow: Dataset = {
      ...dataset,
      load: async (id) => {
        await tick(5 * (5 - Number(id)));
        return dataset.load(id);
      },
    };
    const transform = (e: Example, rng: Rng): Example => ({
      ...e,
      image: { ...e.image, values: e.image.values.map((v) => v + rng.uniform()) },
    });
    const run = async (from: Dataset, batchSize: number, prefetch: number): Promise<number[]> => {
      const order = Rng.fromSeed(4);
      const all = await collect(batches(from, dataset.ids, { batchSize, prefetch, order, transform }));
      return all.flatMap(({ images }) => [...images]);
    };
    const expected = await run(dataset, 2, 2);
    expect(await run(slow, 2, 2)).toEqual(expected);
    expect(await run(slow, 3, 0)).toEqual(expected);
    const plain = await collect(batches(dataset, dataset.ids, { batchSize: 5, order: Rng.fromSeed(4) }));
    expect(expected).not.toEqual([...plain[0]!.images]);
  });

  it.each([
    [0, [2, 4, 5]],
    [1, [4, 5, 5]],
    [2, [5, 5, 5]],
  ])('with prefetch %i has started %j loads when each batch arrives', async (prefetch, expected) => {
    let started = 0;
    const counting = {
      load: (id: string) => {
        started++;
        return dataset.load(id);
      },
    };
    const seen: number[] = [];
    for await (const _ of batches(counting, dataset.ids, { batchSize: 2, prefetch })) seen.push(started);
    expect(seen).toEqual(expected);
  });

  it('throws the error of a load, the very one, where its batch is due', async () => {
    const failure = new Error('disk on fire');
    const failing = { load: async (id: string) => (id === '3' ? Promise.reject(failure) : dataset.load(id)) };
    const seen: string[][] = [];
    const run = async (): Promise<void> => {
      for await (const { ids } of batches(failing, dataset.ids, { batchSize: 1, prefetch: 4 })) {
        seen.push([...ids]);
        await tick(2);
      }
    };
    await expect(run()).rejects.toBe(failure);
    expect(failure.stack).toContain('batches.test.ts');
    expect(seen).toEqual([['0'], ['1'], ['2']]);
  });

  it('starts no more loads once the loop is left', async () => {
    let started = 0;
    const counting = {
      load: (id: string) => {
        started++;
        return dataset.load(id);
      },
    };
    for await (const _ of batches(counting, dataset.ids, { batchSize: 1, prefetch: 1 })) break;
    await tick(5);
    expect(started).toBe(2);
  });

  it('ends with the reason of the signal, even while a load hangs', async () => {
    const stop = new AbortController();
    const hanging = { load: (id: string) => (id === '1' ? new Promise<never>(() => {}) : dataset.load(id)) };
    const source = batches(hanging, dataset.ids, { batchSize: 1, signal: stop.signal });
    await source.next();
    const pending = source.next();
    const reason = new Error('enough');
    stop.abort(reason);
    await expect(pending).rejects.toBe(reason);
    expect(await source.next()).toEqual({ done: true, value: undefined });
    await expect(batches(dataset, dataset.ids, { batchSize: 1, signal: stop.signal }).next()).rejects.toBe(
      reason,
    );
  });

  it('refuses sizes that differ within a batch, naming the example', async () => {
    const mixed = {
      load: async (id: string): Promise<Example> =>
        id === '0'
          ? example(0)
          : {
              id,
              image: { values: new Float32Array(6), size: [1, 3], channels: 2 },
              labels: { values: new Uint8Array(3), size: [1, 3] },
            },
    };
    await expect(batches(mixed, ['0', '1'], { batchSize: 2 }).next()).rejects.toThrow(
      "batches: '1': got shape [1, 3, 2], expected [1, 2, 2] as '0' has.",
    );
  });

  it('refuses a batch size of 0 and a negative prefetch at once', () => {
    expect(() => batches(dataset, dataset.ids, { batchSize: 0 })).toThrow(/batchSize: got 0/);
    expect(() => batches(dataset, dataset.ids, { batchSize: 1, prefetch: -1 })).toThrow(/prefetch: got -1/);
  });

  it('has nothing to give for no ids', async () => {
    expect(await collect(batches(dataset, [], { batchSize: 2 }))).toEqual([]);
  });
});
