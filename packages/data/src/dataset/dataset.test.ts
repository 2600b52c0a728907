import { describe, expect, it } from 'vitest';
import { cacheDataset, datasetOf } from './from-examples.js';
import type { Dataset, Example } from './types.js';

const example = (id: string, width = 2, label = 1): Example => ({
  id,
  image: { values: new Float32Array(width), size: [1, width], channels: 1 },
  labels: { values: new Uint8Array(width).fill(label), size: [1, width] },
});
const named = { name: 'mine', labelNames: ['background', 'cell'] };

describe('datasetOf', () => {
  it('loads by id and reads size and channels off the examples', async () => {
    const dataset = datasetOf([example('a'), example('b')], named);
    expect(dataset).toMatchObject({ ...named, ids: ['a', 'b'], size: [1, 2], channels: 1 });
    expect((await dataset.load('b')).id).toBe('b');
    await expect(dataset.load('c')).rejects.toThrow(
      `dataset 'mine': got "c", expected one of the dataset's ids.`,
    );
  });

  it('refuses examples that do not fit together, naming the one', () => {
    const wide = { ...example('b'), labels: { values: new Uint8Array(3), size: [1, 3] } };
    expect(() => datasetOf([], named)).toThrow(/at least one example/);
    expect(() => datasetOf([example('a'), example('a')], named)).toThrow(/every id once/);
    expect(() => datasetOf([example('a'), example('b', 3)], named)).toThrow(
      /image 'b': got shape \[1, 3, 1\], expected \[1, 2, 1\]/,
    );
    expect(() => datasetOf([example('a'), wide], named)).toThrow(/labels of 'b': got shape \[1, 3\]/);
    expect(() => datasetOf([example('a', 2, 2)], named)).toThrow(
      /labels of 'a': got 2, expected values below 2/,
    );
  });
});

describe('cacheDataset', () => {
  it('loads an example once, and again only after a failure', async () => {
    const loads: string[] = [];
    let broken = true;
    const source: Dataset = {
      ...datasetOf([example('a')], named),
      load: async (id) => {
        loads.push(id);
        if (id === 'bad' && broken) throw new Error('not yet');
        return example(id);
      },
    };
    const cached = cacheDataset(source);
    expect(await cached.load('a')).toBe(await cached.load('a'));
    await expect(cached.load('bad')).rejects.toThrow('not yet');
    broken = false;
    expect((await cached.load('bad')).id).toBe('bad');
    expect(loads).toEqual(['a', 'bad', 'bad']);
  });
});
