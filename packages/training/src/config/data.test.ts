import { ConfigError } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { folderOptions } from './data.js';
import { parseRunConfig } from './run-config.js';

describe('how files become images', () => {
  it('is said to the folder as it is in the configuration', () => {
    const { size, data } = parseRunConfig(
      {
        size: [64, 48],
        data: {
          slices: 'axial',
          sliceRange: [10, 20],
          sliceStep: 2,
          spacingMm: [1, 1, 2],
          fit: 'pad',
          unpaired: 'skip',
        },
      },
      'test',
    );
    expect(folderOptions({ size, ...(data === undefined ? {} : { data }) })).toEqual({
      size: [64, 48],
      unpaired: 'skip',
      volumes: { spacingMm: [1, 1, 2], fit: 'pad', slices: { axis: 'axial', range: [10, 20], step: 2 } },
    });
    expect(folderOptions({ data: { slices: 'coronal' } })).toEqual({
      volumes: { slices: { axis: 'coronal' } },
    });
  });

  it('is nothing by default, so that older runs stay what they were', () => {
    expect(parseRunConfig({}, 'test')).not.toHaveProperty('data');
    expect(folderOptions({})).toEqual({ volumes: {} });
  });

  it('refuses slices that nobody asked for, and what is no spacing', () => {
    for (const data of [
      { sliceStep: 2 },
      { sliceRange: [1, 2] },
      { spacingMm: 0 },
      { spacingMm: [1, 2] },
      { slices: 'up' },
    ]) {
      expect(() => parseRunConfig({ data }, 'test')).toThrow(ConfigError);
    }
  });
});
