import { ValueError } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { placeOf } from '../testing/volumes.js';
import { orientationOfSlices, reorient, sliceAxes, sliceOf } from './orientation.js';
import { volumeOf } from './volume.js';

// Canonical: width toward the right, height toward the front, depth toward the top.
const cube = volumeOf(Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7), [2, 2, 2]);

describe('sliceOf', () => {
  it.each([
    // Rows from the top down; the right of the body in the last column.
    ['coronal', 1, [6, 7, 2, 3]],
    ['axial', 0, [2, 3, 0, 1]],
    ['sagittal', 1, [5, 7, 1, 3]],
  ] as const)('%s slices are upright', (axis, index, pixels) => {
    const slices = reorient(cube, orientationOfSlices(axis));
    expect([...sliceOf(slices, index).data]).toEqual(pixels);
  });

  it('knows where it is', () => {
    const slices = reorient(cube, orientationOfSlices('coronal'));
    expect(sliceOf(slices, 1).shape).toEqual([1, 2, 2]);
    expect(placeOf(sliceOf(slices, 1), [0, 0, 1])).toEqual([1, 1, 1]);
    expect(sliceAxes.map(orientationOfSlices)).toEqual(['AIR', 'RIA', 'RPS']);
    expect(orientationOfSlices(undefined)).toBe('RAS');
  });

  it('refuses what is not there', () => {
    for (const index of [-1, 2, 0.5]) expect(() => sliceOf(cube, index)).toThrow(ValueError);
  });
});
