import { ValueError } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { counting, eachVoxel, expectClose, placeOf } from '../testing/volumes.js';
import { padOrCrop } from './resample.js';
import type { Triple } from './volume.js';
import { volumeOf } from './volume.js';

describe('padOrCrop', () => {
  it('adds and takes away on both sides: a case worked out by hand', () => {
    const row = volumeOf(Int16Array.of(1, 2, 3, 4), [1, 1, 4]);
    expect([...padOrCrop(row, [1, 1, 7], -9).data]).toEqual([-9, 1, 2, 3, 4, -9, -9]);
    expect([...padOrCrop(row, [1, 1, 2]).data]).toEqual([2, 3]);
    expect([...padOrCrop(row, [1, 1, 1]).data]).toEqual([2]);
    expect([...padOrCrop(row, [1, 3, 4]).data]).toEqual([0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0]);
    expect(padOrCrop(row, [1, 1, 7]).affine[0]).toEqual([0, 0, 1, -1]);
  });

  const shapes: Triple[] = [
    [2, 3, 4],
    [3, 4, 5],
    [5, 7, 9],
    [4, 3, 11],
    [2, 8, 4],
  ];
  it.each(shapes)('to %i × %i × %i and back is exact', (...shape) => {
    const volume = counting();
    const there = padOrCrop(volume, shape);
    const back = padOrCrop(there, volume.shape);
    expect(back.data).toEqual(volume.data);
    expectClose(back.affine.flat(), volume.affine.flat(), 12);
  });

  it('keeps every voxel at its place, also where one axis grows and another shrinks', () => {
    const volume = counting([4, 5, 6]);
    const places = new Map<number, number[]>();
    eachVoxel(volume.shape, (voxel, i) => places.set(volume.data[i]!, placeOf(volume, voxel)));
    const fitted = padOrCrop(volume, [7, 2, 6]);
    let kept = 0;
    eachVoxel(fitted.shape, (voxel, i) => {
      const there = places.get(fitted.data[i]!);
      if (there === undefined) return;
      kept++;
      expectClose(placeOf(fitted, voxel), there, 9);
    });
    expect(kept).toBe(4 * 2 * 6);
    expect(fitted.spacingMm).toEqual(volume.spacingMm);
  });

  it('refuses a shape without voxels', () => {
    expect(() => padOrCrop(counting(), [2, 0, 3])).toThrow(ValueError);
  });
});
