import { FileError } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { buildBmp, buildPng, bytesOf } from '../../fixtures/build.js';
import { type FolderOptions, openFiles } from './open-files.js';
import type { SourceFile } from './source-file.js';

type Files = Readonly<Record<string, Uint8Array>>;

const png = (width: number, height: number, value: (i: number) => number): Uint8Array =>
  buildPng({
    width,
    height,
    bits: 8,
    colorType: 0,
    pixels: Array.from({ length: height }, (_, y) => [
      0,
      ...Array.from({ length: width }, (_, x) => value(y * width + x)),
    ]).flat(),
  });
const bmp = (width: number, height: number): Uint8Array =>
  buildBmp({
    width,
    height,
    bits: 24,
    rows: new Array<number>(Math.ceil((width * 3) / 4) * 4 * height).fill(255),
  });
const image = png(3, 2, (i) => i * 51);
const labels = png(3, 2, (i) => i % 3);
const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

const sources = (files: Files): SourceFile[] =>
  Object.entries(files).map(([path, bytes]) => ({ path, read: async (limit) => bytes.slice(0, limit) }));
const open = (files: Files, options?: FolderOptions): ReturnType<typeof openFiles> =>
  openFiles('data/cells', sources(files), options);
const good: Files = {
  'images/a.png': image,
  'labels/a.png': labels,
  'images/b.png': image,
  'labels/b.png': labels,
};
const without = (path: string): Files =>
  Object.fromEntries(Object.entries(good).filter(([key]) => key !== path));

describe('openFiles, generic layout', () => {
  it('pairs images and labels by name, whatever their formats, and reads them', async () => {
    const palette = Array.from({ length: 256 }, (_, i) => [i, i, i, 0]).flat();
    const asBmp = buildBmp({ width: 3, height: 2, bits: 8, palette, rows: [0, 1, 2, 0, 0, 1, 2, 0] });
    const dataset = await open({
      'images/b.x.png': image,
      'labels/b.x.BMP': asBmp,
      'labels/p1/a.tif': labels,
      'images/p1/a': image,
    });
    expect(dataset).toMatchObject({ name: 'cells', ids: ['b.x', 'p1/a'], size: [2, 3], channels: 1 });
    expect(dataset.labelNames).toEqual(['background', 'label 1', 'label 2']);
    const example = await dataset.load('b.x');
    expect([...example.image.values]).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1].map(Math.fround));
    expect([...example.labels.values]).toEqual([0, 1, 2, 0, 1, 2]);
    await expect(dataset.load('c')).rejects.toThrow(`dataset 'cells': got "c"`);
  });

  it('takes masks/ for labels/, and passes over what is no image', async () => {
    const files = {
      'images/a.png': image,
      'masks/a.png': labels,
      'images/.DS_Store': bytesOf('x'),
      'images/Thumbs.db': bytesOf('x'),
      'images/README.md': bytesOf('x'),
      LICENSE: bytesOf('x'),
      'other/c.png': image,
    };
    expect((await open(files)).ids).toEqual(['a']);
  });

  it('brings images to a size and to channels, labels along', async () => {
    const mixed = { ...good, 'images/c.bmp': bmp(6, 4), 'labels/c.png': png(6, 4, () => 1) };
    const dataset = await open(mixed, { size: [4, 6], channels: 3 });
    expect(dataset).toMatchObject({ size: [4, 6], channels: 3 });
    const [a, c] = [await dataset.load('a'), await dataset.load('c')];
    expect([a.image.size, a.image.channels, a.labels.size]).toEqual([[4, 6], 3, [4, 6]]);
    expect([...a.labels.values.subarray(0, 6)]).toEqual([0, 0, 1, 1, 2, 2]);
    expect(c.image.values.every((v) => v === 1)).toBe(true);
  });

  it('numbers the labels that labels.json names, in a list or by value', async () => {
    const listed = await open({ ...good, 'labels.json': text(['background', 'wall', 'core']) });
    expect(listed.labelNames).toEqual(['background', 'wall', 'core']);
    const masks = { 'images/a.png': image, 'labels/a.png': png(3, 2, (i) => [0, 128, 255][i % 3]!) };
    const keyed = await open({
      ...masks,
      'labels.json': text({ 255: 'core', 0: 'background', 128: 'wall' }),
    });
    expect(keyed.labelNames).toEqual(['background', 'wall', 'core']);
    expect([...(await keyed.load('a')).labels.values]).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it('reads the beginning of a file only, as long as labels.json says what the labels are', async () => {
    const reads: Array<[string, number | undefined]> = [];
    const files = sources({ ...good, 'labels.json': text(['background', 'wall', 'core']) }).map((file) => ({
      ...file,
      read: (limit?: number) => {
        reads.push([file.path, limit]);
        return file.read(limit);
      },
    }));
    const dataset = await openFiles('data/cells', files, { cache: false });
    expect(reads.filter(([path]) => path !== 'labels.json').map(([, limit]) => limit)).toEqual([
      65536, 65536, 65536, 65536,
    ]);
    reads.length = 0;
    await dataset.load('a');
    await dataset.load('a');
    expect(reads).toHaveLength(4);
    const cached = await openFiles('data/cells', files);
    reads.length = 0;
    await cached.load('a');
    await cached.load('a');
    expect(reads).toHaveLength(2);
  });

  it('reads all of a file whose header lies far inside', async () => {
    const extra = [['teXt', new Uint8Array(70_000)]] as const;
    const palette = [0, 0, 0, 255, 0, 0];
    const far = buildPng({
      width: 3,
      height: 2,
      bits: 1,
      colorType: 3,
      palette,
      extra,
      pixels: [0, 0, 0, 0],
    });
    const dataset = await open({ 'images/a.png': far, 'labels/a.png': labels });
    expect(dataset.channels).toBe(3);
  });
});

describe('openFiles, WBC layout', () => {
  const mask = png(3, 2, (i) => [0, 128, 255, 7, 78, 205][i]!);
  const files = {
    'Dataset 2/001.bmp': bmp(3, 2),
    'Dataset 2/001.png': mask,
    'Dataset 1/010.bmp': bmp(3, 2),
    'Dataset 1/010.png': mask,
    LICENSE: bytesOf('GPL'),
    'Class Labels of Dataset 1.csv': bytesOf('image ID,class label'),
  };

  it('pairs 001.bmp with 001.png and tells the labels by the nearest grey', async () => {
    const dataset = await open(files);
    expect(dataset.ids).toEqual(['Dataset 1/010', 'Dataset 2/001']);
    expect(dataset.labelNames).toEqual(['background', 'cytoplasm', 'nucleus']);
    expect([...(await dataset.load('Dataset 1/010')).labels.values]).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it('reads one of its folders alone', async () => {
    expect((await open({ '001.bmp': bmp(3, 2), '001.png': mask })).ids).toEqual(['001']);
  });

  it('refuses greys between the labels', async () => {
    const dataset = await open({ ...files, 'Dataset 1/010.png': png(3, 2, (i) => (i === 4 ? 60 : 0)) });
    await expect(dataset.load('Dataset 1/010')).rejects.toThrow(
      'data/cells/Dataset 1/010.png: holds the label value 60 at row 1, column 1. Allowed are 0, 128, 255',
    );
  });

  it('misses masks', async () => {
    await expect(open({ '001.bmp': bmp(3, 2), '002.bmp': bmp(3, 2), '002.png': mask })).rejects.toThrow(
      'data/cells/001.bmp: has no labels. Add 001.png, or take the file out of the folder.',
    );
  });
});

describe('openFiles refuses, naming the file and the remedy,', () => {
  it.each([
    [
      'an empty folder',
      {},
      'data/cells: is an empty folder. Arrange it as images/ and labels/ with the same file names; or 001.bmp beside',
    ],
    [
      'a folder of something else',
      { 'notes.txt': bytesOf('x') },
      'data/cells: holds no images where they are looked for.',
    ],
    [
      'an image without labels',
      without('labels/b.png'),
      'data/cells/images/b.png: has no labels. Add labels/b.png (or .bmp, .tif), or take the file out of the folder.',
    ],
    [
      'labels without an image',
      without('images/a.png'),
      'data/cells/labels/a.png: has no image. Add images/a.png (or .jpg, .bmp, .tif), or take',
    ],
    [
      'several of them, the first by name',
      { 'images/b.png': image, 'images/a.png': image, 'images/c.png': image },
      'data/cells/images/a.png: has no labels (nor do 2 others).',
    ],
    [
      'two images of one name',
      { ...good, 'images/a.bmp': bmp(3, 2) },
      'data/cells/images/a.bmp: has the same name as images/a.png but for its extension. Rename or remove one of them.',
    ],
    ['labels beside masks', { ...good, 'masks/a.png': labels }, 'data/cells/masks: lies beside labels'],
    [
      'a truncated image',
      { ...good, 'images/b.png': image.subarray(0, 20) },
      'data/cells/images/b.png: is a damaged or cut off PNG file',
    ],
    [
      'a file that is no image',
      { ...good, 'labels/a.png': bytesOf('<html>') },
      'data/cells/labels/a.png: is a text file in HTML or XML, as failed downloads leave',
    ],
    [
      'labels of another size than their image',
      { ...good, 'labels/b.png': png(2, 3, () => 1) },
      'data/cells/labels/b.png: has 2 × 3 pixels, but its image images/b.png has 3 × 2 pixels. Export the labels at',
    ],
    [
      'images of several sizes',
      { ...good, 'images/c.png': png(6, 4, () => 1), 'labels/c.png': png(6, 4, () => 1) },
      'data/cells/images/c.png: has 6 × 4 pixels, but images/a.png has 3 × 2 pixels. Give a size to bring all images to',
    ],
    [
      'grey beside color',
      { ...good, 'images/c.bmp': bmp(3, 2), 'labels/c.png': labels },
      'data/cells/images/c.bmp: is in color, but images/a.png is grey. Give the channels to bring all images to, 1 for',
    ],
    [
      'label values with gaps',
      { 'images/a.png': image, 'labels/a.png': png(3, 2, (i) => (i % 2) * 255) },
      'data/cells: holds the label values 0, 255, which have gaps. Say what they mean in a file labels.json beside images, such as {"0":"background","255":"label 255"}.',
    ],
    [
      'many label values with gaps',
      { 'images/a.png': png(9, 1, (i) => i), 'labels/a.png': png(9, 1, (i) => i * 2) },
      'holds the label values 0, 2, 4, 6, … 16 (9 values), which have gaps',
    ],
    [
      'labels that are all background',
      { 'images/a.png': image, 'labels/a.png': png(3, 2, () => 0) },
      'data/cells: holds labels that are all background.',
    ],
    [
      'labels.json that is not JSON',
      { ...good, 'labels.json': bytesOf('[') },
      'data/cells/labels.json: is not JSON. Write it',
    ],
    [
      'labels.json with a number',
      { ...good, 'labels.json': text(3) },
      'is neither a list nor an object of names',
    ],
    [
      'labels.json with null',
      { ...good, 'labels.json': text(null) },
      'is neither a list nor an object of names',
    ],
    [
      'labels.json without 0',
      { ...good, 'labels.json': text({ 1: 'a', 2: 'b' }) },
      'does not name the label 0',
    ],
    [
      'labels.json with a strange key',
      { ...good, 'labels.json': text({ 0: 'a', x: 'b' }) },
      'a key that is not a number',
    ],
    [
      'labels.json with a strange name',
      { ...good, 'labels.json': text(['a', 7]) },
      'names the label 1 with something',
    ],
    [
      'labels.json with background only',
      { ...good, 'labels.json': text(['a']) },
      'names nothing but the background',
    ],
  ] as Array<[string, Files, string]>)('%s', async (_, files, message) => {
    const error = await open(files).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(FileError);
    expect((error as FileError).message).toContain(message);
    expect((error as FileError).message).not.toContain('\n');
  });

  it('a label that labels.json does not name, with its place', async () => {
    const dataset = await open({ ...good, 'labels.json': text(['background', 'cell']) });
    await expect(dataset.load('a')).rejects.toThrow(
      'data/cells/labels/a.png: holds the label value 2 at row 0, column 2. Allowed are 0, 1: correct the file, or name',
    );
  });

  it('pixels that are cut off, when they are loaded; and reads them once they are whole', async () => {
    const files: Record<string, Uint8Array> = {
      ...good,
      'labels.json': text(['background', 'wall', 'core']),
    };
    const listed = Object.keys(files).map((path) => ({
      path,
      read: async (limit?: number) => files[path]!.slice(0, limit),
    }));
    const dataset = await openFiles('data/cells', listed);
    files['images/a.png'] = image.subarray(0, image.length - 16);
    await expect(dataset.load('a')).rejects.toThrow(
      /data\/cells\/images\/a\.png: is a damaged or cut off PNG/,
    );
    files['images/a.png'] = image;
    expect((await dataset.load('a')).id).toBe('a');
    files['labels/b.png'] = png(2, 3, () => 1);
    await expect(dataset.load('b')).rejects.toThrow(/labels\/b\.png: has 2 × 3 pixels, but its image/);
  });

  it('an unknown layout, and sizes that are none', async () => {
    await expect(open(good, { layout: 'wcb' as never })).rejects.toThrow(/Did you mean 'wbc'\?/);
    await expect(open(good, { size: [4] })).rejects.toThrow(
      /size: got shape \[4\], expected \[height, width\]/,
    );
    await expect(open(good, { size: [4, 0] })).rejects.toThrow(/size: width: got 0/);
    await expect(open(good, { layout: 'wbc' })).rejects.toThrow(/Arrange it as 001.bmp beside 001.png/);
  });
});
