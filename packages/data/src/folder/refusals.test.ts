import { FileError } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { bytesOf } from '../testing/build.js';
import { bmp, type Files, good, image, labels, open, png, text } from '../testing/folder.js';
import { goldenImages } from '../testing/golden.js';
import { openFiles } from './open-files.js';

const jpeg = goldenImages.find(({ format }) => format === 'jpeg')!.bytes;

const without = (path: string): Files =>
  Object.fromEntries(Object.entries(good).filter(([key]) => key !== path));

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
      'labels in a JPEG',
      { ...good, 'labels/a.png': jpeg },
      'data/cells/labels/a.png: is a JPEG, whose compression changes label values. Save labels as an 8-bit PNG',
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
      'soft masks, or instances',
      { 'images/a.png': png(200, 1, (i) => i), 'labels/a.png': png(200, 1, (i) => i) },
      'data/cells: holds 200 different label values: 0, 1, 2, 3, … 199 (200 values). Labels number kinds of structures',
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
    ...(
      [
        [{ name: '' }, 'that has no name'],
        [{ name: 'b', colour: [1, 2, 3] }, "that has the unknown word 'colour'"],
        [{ name: 'b', color: [1, 2, 300] }, 'that has a color that is not [red, green, blue]'],
        [{ name: 'b', code: 10200004 }, 'that has a code that is neither a text'],
        [{ name: 'b', code: 'liver' }, 'that has a code that is neither a number of SNOMED CT'],
        [{ name: 'b', code: { value: 'x'.repeat(17), scheme: 'S', meaning: 'm' } }, 'of up to 16'],
        [{ name: 'b', code: { value: 'a\\b', scheme: 'S', meaning: 'm' } }, 'of up to 16'],
        [{ name: 'b', category: { value: '1', scheme: 'S', meaning: 'm' } }, 'a category without a code'],
      ] as const
    ).map(([label, message]): [string, Files, string] => [
      `labels.json with ${JSON.stringify(label)}`,
      { ...good, 'labels.json': text(['a', label]) },
      message,
    ]),
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
      'data/cells/labels/a.png: holds the label value 2 at row 0, column 2. Correct the file, or name the label in labels.json besides 0, 1.',
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
