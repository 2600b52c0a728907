import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ValueError } from '@sshn/core';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataName, openData, parseDataSource } from './data-source.js';

describe('parseDataSource', () => {
  it.each([
    ['phantoms', 'phantoms:cells:200:1'],
    ['phantoms:blobs', 'phantoms:blobs:200:1'],
    ['phantoms:cells:16', 'phantoms:cells:16:1'],
    ['phantoms:cells:16:7', 'phantoms:cells:16:7'],
  ])('reads %s', (text, path) => {
    expect(parseDataSource(text)).toEqual({ path, layout: 'phantoms' });
  });

  it('takes everything else for a folder, and makes its path absolute', () => {
    expect(parseDataSource('cells', 'wbc')).toEqual({ path: resolve('cells'), layout: 'wbc' });
    expect(parseDataSource('./phantoms').layout).toBe('auto');
  });

  it.each([
    'phantoms:',
    'phantoms:cell',
    'phantoms:cells:0',
    'phantoms:cells:1.5',
    'phantoms:cells:9:1:2',
    'phantoms:cells:x',
  ])('refuses %s', (text) => {
    expect(() => parseDataSource(text)).toThrow(ValueError);
  });

  it('suggests the nearest kind', () => {
    expect(() => parseDataSource('phantoms:cell')).toThrow("Did you mean 'cells'?");
  });
});

describe('openData', () => {
  it('generates images of the size that is asked for, or 128×128', async () => {
    const source = parseDataSource('phantoms:cells:3:5');
    const small = await openData(source, { size: [32, 40] });
    expect(small.ids).toHaveLength(3);
    expect((await small.load(small.ids[0]!)).image.size).toEqual([32, 40]);
    expect((await openData(source)).size).toEqual([128, 128]);
  });

  it('generates other images for another seed', async () => {
    const load = async (text: string) => {
      const dataset = await openData(parseDataSource(text), { size: [16, 16] });
      return (await dataset.load(dataset.ids[0]!)).image.values;
    };
    expect(await load('phantoms:cells:3:5')).not.toEqual(await load('phantoms:cells:3:6'));
  });
});

describe('channels', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sshn-channels-'));
    const image = (channels: 1 | 3) =>
      encode({ width: 4, height: 4, channels, data: new Uint8Array(16 * channels).fill(90) });
    const labels = encode({
      width: 4,
      height: 4,
      channels: 1,
      data: Uint8Array.from({ length: 16 }, (_, i) => i % 2),
    });
    await Promise.all(['images', 'labels'].map((name) => mkdir(join(folder, name))));
    for (const [name, channels] of [
      ['a', 1],
      ['b', 3],
    ] as const) {
      await writeFile(join(folder, 'images', `${name}.png`), image(channels));
      await writeFile(join(folder, 'labels', `${name}.png`), labels);
    }
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('bring a folder that mixes grey and color to one of them', async () => {
    await expect(openData(parseDataSource(folder))).rejects.toThrow('Give the channels');
    for (const [channels, count] of [
      ['grey', 1],
      ['color', 3],
    ] as const) {
      const dataset = await openData(parseDataSource(folder), { data: { channels } });
      expect(dataset.channels).toBe(count);
      for (const id of dataset.ids) expect((await dataset.load(id)).image.values).toHaveLength(16 * count);
    }
  });

  it('are not for phantoms', async () => {
    await expect(
      openData(parseDataSource('phantoms:cells:3'), { data: { channels: 'grey' } }),
    ).rejects.toThrow(ValueError);
  });
});

describe('dataName', () => {
  it('is short', () => {
    expect(dataName(parseDataSource('phantoms:blobs:9'))).toBe('phantoms-blobs');
    expect(dataName(parseDataSource('/data/wbc/'))).toBe('wbc');
  });
});
