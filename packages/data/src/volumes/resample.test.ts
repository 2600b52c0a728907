import { ValueError } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { counting, expectClose, placeOf } from '../testing/volumes.js';
import { resampleImage, resampleLabels } from './resample.js';
import { type Volume, volumeOf } from './volume.js';

describe('resampling', () => {
  it('averages and repeats: a case worked out by hand', () => {
    const row = volumeOf(Uint8Array.of(0, 10, 20, 30), [1, 1, 4]);
    // Half as many: a triangle two voxels wide, weights 3/7, 3/7, 1/7 at the border.
    const coarse = resampleImage(row, { spacingMm: [1, 1, 2] });
    expect([...coarse.data].map((x) => Math.round(x * 100) / 100)).toEqual([7.14, 22.86]);
    expect([...resampleLabels(row, { spacingMm: [1, 1, 2] }).data]).toEqual([10, 30]);
    expect([...resampleLabels(row, { shape: [1, 1, 8] }).data]).toEqual([0, 0, 10, 10, 20, 20, 30, 30]);
    expect(coarse.spacingMm).toEqual([1, 1, 2]);
    // The center of the first new voxel lies between the first two old ones.
    expect(placeOf(coarse, [0, 0, 0])[0]).toBe(0.5);
  });

  it('keeps the field of view, so its corners, whatever the spacing', () => {
    const volume = counting([5, 6, 7]);
    const edge = (of: Volume, sign: -1 | 1) =>
      placeOf(of, [
        sign < 0 ? -0.5 : of.shape[0] - 0.5,
        sign < 0 ? -0.5 : of.shape[1] - 0.5,
        sign < 0 ? -0.5 : of.shape[2] - 0.5,
      ]);
    const fine = resampleImage(volume, { spacingMm: [1, 1, 0.6] });
    expect(fine.shape).toEqual([15, 12, 12]);
    for (const sign of [-1, 1] as const) {
      expectClose(edge(fine, sign), edge(volume, sign), 9);
    }
    expect(fine.spacingMm[0]).toBeCloseTo(volume.spacingMm[0] / 3, 9);
  });

  it('reproduces an image that is linear along an axis, inside', () => {
    const ramp = volumeOf(
      Float32Array.from({ length: 8 }, (_, i) => i),
      [1, 1, 8],
    );
    const fine = resampleImage(ramp, { shape: [1, 1, 16] });
    expectClose(
      [...fine.data].slice(1, -1),
      Array.from({ length: 14 }, (_, i) => (i + 1.5) / 2 - 0.5),
      6,
    );
  });

  it('keeps labels of any type as they are, at the size of images', () => {
    const labels = volumeOf(Int32Array.of(1000, 2035), [1, 1, 2]);
    expect(resampleLabels(labels, { shape: [1, 2, 3] }).data).toEqual(
      Int32Array.of(1000, 2035, 2035, 1000, 2035, 2035),
    );
  });

  it('returns the volume itself where nothing changes, and refuses nonsense', () => {
    const volume = counting();
    expect(resampleImage(volume, { spacingMm: volume.spacingMm })).toBe(volume);
    expect(resampleLabels(volume, { shape: [2, 3, 4] })).toBe(volume);
    expect(() => resampleImage(volume, { spacingMm: [1, 0, 1] })).toThrow(ValueError);
    expect(() => resampleLabels(volume, { shape: [1, 2, 2.5] })).toThrow(ValueError);
  });
});
