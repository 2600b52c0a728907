import { mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileError, Rng } from '@sshn/core';
import { type Dataset, datasetOf, type Example, type FolderDataset, generatePhantoms } from '@sshn/data';
import { readModelFile } from '@sshn/model/node';
import { useBackend } from '@sshn-internal/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseRunConfig, type TrainEvent } from '../index.js';
import { decodeExample, encodeExample } from './example-file.js';
import { defaultMemoryBytes, fileKeys, fitsInMemory, keepImages } from './kept-images.js';
import { trainRun } from './train-run.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-kept-'));
});
afterEach(() => rm(folder, { recursive: true }));

const example = (values: ArrayLike<number>, more: Partial<Example['image']> = {}): Example => ({
  id: 'a',
  image: { values: Float32Array.from(values), size: [1, values.length], channels: 1, ...more },
  labels: { values: Uint8Array.from(values, (_, i) => i % 3), size: [1, values.length] },
});

/** Counts what is loaded from it. */
function counted<Kind extends Dataset>(dataset: Kind): { dataset: Kind; loads: string[] } {
  const loads: string[] = [];
  const load = (id: string) => {
    loads.push(id);
    return dataset.load(id);
  };
  return { dataset: { ...dataset, load }, loads };
}

describe('an example in a file', () => {
  const rng = Rng.fromSeed(3);
  test.each<[string, number, Float32Array]>([
    ['an 8-bit picture', 1, Float32Array.from({ length: 256 }, (_, i) => i / 255)],
    ['bytes', 1, Float32Array.from({ length: 256 }, (_, i) => 255 - i)],
    ['Hounsfield units', 2, Float32Array.of(-1024, 0, 3071, -32768, 32767)],
    ['16 bits of a scanner', 2, Float32Array.of(0, 1, 65535)],
    ['fractions', 4, Float32Array.from({ length: 99 }, () => rng.normal())],
    ['a picture that was resized', 4, Float32Array.of(0, 1 / 255, 0.5)],
    ['a negative zero', 4, Float32Array.of(1, -0)],
    ['numbers too large for 16 bits', 4, Float32Array.of(65536, 0)],
    ['no numbers', 4, Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY)],
  ])('%s takes %d bytes a value and comes back with the same bits', (_, bytes, values) => {
    const before = { ...example(values, { intensities: 'scanner' }), spacingMm: [0.7, 1 / 3] };
    const file = encodeExample(before);
    const after = decodeExample(file, 'a')!;
    expect(after).toEqual(before);
    expect(Buffer.from(after.image.values.buffer).equals(Buffer.from(before.image.values.buffer))).toBe(true);
    const longer = encodeExample(example([...values, ...values]));
    const single = encodeExample(example(values));
    // Headers are padded: of the values alone there are so many more bytes.
    expect(Math.abs(longer.length - single.length - values.length * (bytes + 1))).toBeLessThan(16);
  });

  test('keeps channels and three axes, and says nothing that it was not told', () => {
    const volume: Example = {
      id: 'v',
      image: { values: Float32Array.from({ length: 24 }, (_, i) => i), size: [2, 3, 2], channels: 2 },
      labels: { values: new Uint8Array(12).fill(255), size: [2, 3, 2] },
    };
    expect(decodeExample(encodeExample(volume), 'other')).toStrictEqual({ ...volume, id: 'other' });
  });

  test('is refused if any byte of it is another, or some are missing', () => {
    const file = encodeExample(example([1, 2, 0.5, 4]));
    for (let i = 0; i < file.length; i++) {
      const changed = file.slice();
      changed[i]! ^= 0x10;
      const read = decodeExample(changed, 'a');
      // Spaces that pad the header are no content.
      if (read !== undefined) expect(read).toEqual(example([1, 2, 0.5, 4]));
    }
    for (let length = 0; length < file.length; length++)
      expect(decodeExample(file.subarray(0, length), 'a')).toBeUndefined();
    expect(decodeExample(new TextEncoder().encode('not a file'), 'a')).toBeUndefined();
  });
});

describe('keepImages', () => {
  const phantoms = generatePhantoms({ kind: 'cells', count: 5, size: [16, 12], seed: 1 });
  const whole = 5 * 16 * 12 * 13;

  test('keeps in memory what fits, and writes nothing', async () => {
    const { dataset, loads } = counted(phantoms);
    const kept = keepImages(dataset, () => '', { folder, memoryBytes: whole });
    expect(await kept.load('cells-001')).toBe(await kept.load('cells-001'));
    expect(loads).toEqual(['cells-001']);
    expect(await readdir(folder)).toEqual([]);
    expect(fitsInMemory(phantoms, whole)).toBe(true);
    expect(fitsInMemory(phantoms, whole - 1)).toBe(false);
  });

  test('prepares each example once otherwise, for later processes too, with the same bits', async () => {
    const { dataset, loads } = counted(phantoms);
    const inside = join(folder, 'some', 'where');
    const options = { folder: inside, memoryBytes: whole - 1 };
    const kept = keepImages(dataset, () => '', options);
    await Promise.all([...phantoms.ids, ...phantoms.ids].map((id) => kept.load(id)));
    expect(loads.toSorted()).toEqual(phantoms.ids);
    const again = keepImages(dataset, () => '', options);
    for (const id of phantoms.ids) {
      expect(await again.load(id)).toEqual(await phantoms.load(id));
      expect(await kept.load(id)).toEqual(await phantoms.load(id));
    }
    expect(loads).toHaveLength(5);
    expect(await readdir(inside)).toHaveLength(5);
    expect({ ...kept, load: 0 }).toEqual({ ...phantoms, load: 0 });
  });

  test('prepares again what is damaged, cut off or of other content', async () => {
    const { dataset, loads } = counted(phantoms);
    const keyed = (key: string) => keepImages(dataset, () => key, { folder, memoryBytes: 0 });
    for (const id of phantoms.ids) await keyed('1').load(id);
    const [a, b, c] = (await readdir(folder)).map((name) => join(folder, name)) as [string, string, string];
    const bytes = await readFile(a);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(a, bytes);
    await truncate(b, 100);
    await truncate(c, 0);
    for (const id of phantoms.ids) expect(await keyed('1').load(id)).toEqual(await phantoms.load(id));
    expect(loads).toHaveLength(8);
    for (const id of phantoms.ids) await keyed('1').load(id);
    expect(loads).toHaveLength(8);
    await keyed('2').load('cells-000');
    expect(loads).toHaveLength(9);
  });

  test('clears away what a killed process left, not what another writes now', async () => {
    await writeFile(join(folder, 'x.safetensors.old.tmp'), 'half');
    await utimes(join(folder, 'x.safetensors.old.tmp'), 1, 1);
    await writeFile(join(folder, 'x.safetensors.new.tmp'), 'half');
    await keepImages(phantoms, () => '', { folder, memoryBytes: 0 }).load('cells-000');
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([
      'x.safetensors.new.tmp',
    ]);
  });

  test('says which folder cannot be written, and tries again', async () => {
    await writeFile(join(folder, 'file'), '');
    const kept = keepImages(phantoms, () => '', { folder: join(folder, 'file', 'in'), memoryBytes: 0 });
    await expect(kept.load('cells-000')).rejects.toThrow(FileError);
    await expect(kept.load('cells-000')).rejects.toThrow(FileError);
    await expect(kept.load('cells-9')).rejects.toThrow(/one of the dataset's ids/);
    expect(() => keepImages(phantoms, () => '', { folder, memoryBytes: -1 })).toThrow(/memoryBytes/);
    expect(defaultMemoryBytes()).toBeGreaterThan(2 ** 26);
  });

  test('tells files by their bytes and by how they are opened', async () => {
    const reads: string[] = [];
    const file = (path: string, text: string) => ({
      path,
      read: async () => {
        reads.push(path);
        return new TextEncoder().encode(text);
      },
    });
    const opened = (image: string, labels: string): FolderDataset => {
      const files = [file('image', image), file('labels', labels)];
      return { ...phantoms, sourcesOf: () => files };
    };
    const key = (dataset: FolderDataset, settings: unknown = {}) => fileKeys(dataset, settings)('a');
    const plain = await key(opened('12', '3'));
    expect(await key(opened('12', '3'))).toBe(plain);
    expect(await key(opened('1', '23'))).not.toBe(plain);
    expect(await key(opened('12', '4'))).not.toBe(plain);
    expect(await key(opened('12', '3'), { fit: 'pad' })).not.toBe(plain);
    expect(await key({ ...opened('12', '3'), size: [8, 8] })).not.toBe(plain);
    reads.length = 0;
    const keys = fileKeys(opened('1', '2'), {});
    await Promise.all([keys('a'), keys('b'), keys('a')]);
    expect(reads.sort()).toEqual(['image', 'labels']);
  });
});

describe('a run of images on disk', () => {
  beforeAll(() => useBackend('cpu'));
  const source = generatePhantoms({ kind: 'blobs', count: 8, size: [8, 9], seed: 2 });
  const config = parseRunConfig(
    {
      epochs: 2,
      batchSize: 2,
      method: 'fixed',
      architecture: { features: 1, stages: 2, convolutionsPerStage: 1 },
      validation: { factors: [0.5] },
      augmentation: { flip: ['width'], noise: 0.05 },
    },
    'test',
  );
  const train = async (name: string, dataset: Dataset, signal?: AbortController, stopAt = -1) => {
    const steps: TrainEvent[] = [];
    await trainRun({
      folder: join(folder, name),
      dataset,
      data: { path: 'blobs', layout: 'phantoms' },
      config,
      ...(signal === undefined ? {} : { signal: signal.signal }),
      onEvent: (event) => {
        if (event.kind === 'step' && steps.push(event) === stopAt) signal?.abort();
      },
    });
    const { params } = await readModelFile(join(folder, name, 'last.safetensors')).catch(() => ({
      params: undefined,
    }));
    return params === undefined
      ? []
      : [...params].map(([path, tensor]) => [
          path,
          Buffer.from(tensor.dataSync().slice().buffer).toString('hex'),
        ]);
  };

  test('ends with the bits of one in memory, also when it was interrupted within an epoch', async () => {
    const onDisk = () =>
      keepImages(source, () => 'blobs', { folder: join(folder, 'images'), memoryBytes: 0 });
    const expected = await train(
      'memory',
      datasetOf(await Promise.all(source.ids.map((id) => source.load(id))), source),
    );
    expect(expected.length).toBeGreaterThan(0);
    expect(await train('disk', onDisk())).toEqual(expected);
    expect(await train('cut', onDisk(), new AbortController(), 2)).toEqual([]);
    const { dataset, loads } = counted(onDisk());
    expect(await train('cut', dataset)).toEqual(expected);
    expect(loads.length).toBeGreaterThan(0);
  });
});
