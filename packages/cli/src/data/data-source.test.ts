import { resolve } from 'node:path';
import { ValueError } from '@sshn/core';
import { describe, expect, it } from 'vitest';
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

describe('dataName', () => {
  it('is short', () => {
    expect(dataName(parseDataSource('phantoms:blobs:9'))).toBe('phantoms-blobs');
    expect(dataName(parseDataSource('/data/wbc/'))).toBe('wbc');
  });
});
