import { encodeNifti, openFiles, preprocess, volumeOf } from '@sshn/data';
import { useBackend, withoutLeak } from '@sshn-internal/testing';
import { fill, ones, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { workingGrid } from './working-grid.js';

beforeAll(() => useBackend('cpu'));

const shape = [4, 6, 5] as const;
const scan = volumeOf(
  Float32Array.from({ length: 120 }, (_, i) => 3 + ((i * 7) % 11)),
  shape,
  { spacingMm: [2, 1, 1.5] },
);
const values = (x: Tensor): number[] => [...x.dataSync()];

describe('workingGrid', () => {
  test.each([
    ['resized', { fit: 'resize' }, [5, 5, 5]],
    ['padded', { fit: 'pad' }, [6, 7, 8]],
    ['cropped', { fit: 'pad' }, [3, 4, 5]],
    ['resampled and padded', { fit: 'pad', spacingMm: [1, 2, 1] }, [9, 4, 9]],
    ['resampled and resized', { fit: 'resize', spacingMm: [1, 2, 1] }, [6, 6, 6]],
  ] as const)('brings volumes %s to where a folder of training brings them', async (_, volumes, size) => {
    const source = (path: string, bytes: Uint8Array) => ({ path, read: async () => bytes });
    const labels = { ...scan, data: new Uint8Array(120).map((_, i) => i % 2) };
    const dataset = await openFiles(
      'data',
      [
        source('images/a.nii', encodeNifti(scan, { gzip: false })),
        source('labels/a.nii', encodeNifti(labels, { gzip: false })),
      ],
      { size, volumes },
    );
    const { image } = await dataset.load('a');
    const grid = workingGrid(scan, size, volumes);
    const working = grid.bring(scan);
    const seen = preprocess(
      { values: working.data as Float32Array, size: working.shape, channels: 1 },
      { size, channels: 1, intensity: { kind: 'none' } },
    );
    expect(image.size).toEqual([...size]);
    expect(seen.values).toEqual(image.values);
  });

  test('brings fields back by the ratio of voxels, nothing moving where the network saw nothing', async () => {
    const same = values(workingGrid(scan, [8, 6, 10]).back(fill([1, 8, 6, 10, 3], 1)));
    expect(same.slice(0, 3)).toEqual([0.5, 1, 0.5]);
    // Two of four slices, four of six rows: the middle ones.
    const cropped = workingGrid(scan, [2, 4, 5], { fit: 'pad' }).back(ones([1, 2, 4, 5, 3]));
    expect(cropped.shape).toEqual([1, ...shape, 3]);
    const inside = values(cropped).filter((_, i) => i % 3 === 0);
    const expected = Array.from({ length: 120 }, (_, i) => {
      const [d, h] = [Math.floor(i / 30), Math.floor(i / 5) % 6];
      return d >= 1 && d <= 2 && h >= 1 && h <= 4 ? 1 : 0;
    });
    expect(inside).toEqual(expected);
    const wide = tensor(
      Array.from({ length: 6 * 7 * 8 * 3 }, (_, i) => i),
      [1, 6, 7, 8, 3],
    );
    const padded = workingGrid(scan, [6, 7, 8], { fit: 'pad' }).back(wide);
    // Voxel (0, 0, 0) of the scan was voxel (1, 0, 1): halves of a padding go down.
    expect(values(padded).slice(0, 3)).toEqual([(56 + 1) * 3, (56 + 1) * 3 + 1, (56 + 1) * 3 + 2]);
  });

  test('keeps nothing alive', async () => {
    const grid = workingGrid(scan, [3, 4, 5], { fit: 'pad', spacingMm: [1, 1, 1] });
    const field = ones([1, 3, 4, 5, 3]);
    await withoutLeak(() => grid.back(field).dispose());
  });
});
