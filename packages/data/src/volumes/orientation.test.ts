import { ValueError } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { counting, eachVoxel, expectClose, placeOf } from '../testing/volumes.js';
import { orientationOf, reorient, reorientGrid } from './orientation.js';
import { volumeOf } from './volume.js';

const sides = ['RL', 'AP', 'SI'] as const;
const orders = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

/** All 48: three axes in any order, each either way. */
const orientations = orders.flatMap((order) =>
  [0, 1, 2, 3, 4, 5, 6, 7].map((flips) => order.map((world, i) => sides[world]![(flips >> i) & 1]).join('')),
);

describe('reorient', () => {
  it('mirrors and exchanges axes: a case worked out by hand', () => {
    // Width toward the right, height toward the front; 'PRS' walks columns backward through height.
    const volume = volumeOf(Uint8Array.of(1, 2, 3, 4, 5, 6), [1, 2, 3], { spacingMm: [4, 5, 6] });
    const turned = reorient(volume, 'PRS');
    expect(turned.shape).toEqual([1, 3, 2]);
    expect([...turned.data]).toEqual([4, 1, 5, 2, 6, 3]);
    expect(turned.spacingMm).toEqual([4, 6, 5]);
    expect(turned.affine).toEqual([
      [0, 6, 0, 0],
      [0, 0, -5, 5],
      [4, 0, 0, 0],
    ]);
  });

  it('knows 48 orientations', () => expect(new Set(orientations).size).toBe(48));

  it.each(orientations)(
    'to %s and back is exact, every voxel stays where it is in the body',
    (orientation) => {
      const volume = counting();
      const turned = reorient(volume, orientation);
      expect(orientationOf(turned)).toBe(orientation);
      expect(reorientGrid(volume, orientation)).toEqual({
        shape: turned.shape,
        spacingMm: turned.spacingMm,
        affine: turned.affine,
      });
      const places = new Map<number, number[]>();
      eachVoxel(volume.shape, (voxel, i) => places.set(volume.data[i]!, placeOf(volume, voxel)));
      eachVoxel(turned.shape, (voxel, i) => {
        const there = places.get(turned.data[i]!)!;
        expectClose(placeOf(turned, voxel), there, 9);
      });
      const back = reorient(turned, orientationOf(volume));
      expect(back.data).toEqual(volume.data);
      expect(back.shape).toEqual(volume.shape);
      expectClose(back.affine.flat(), volume.affine.flat(), 9);
    },
  );

  it('returns the volume itself where nothing has to be done', () => {
    const volume = counting();
    expect(orientationOf(volume)).toBe('RAS');
    expect(reorient(volume)).toBe(volume);
  });

  it.each(['RA', 'RAR', 'RAX', 'RRS', ''])("refuses '%s'", (orientation) => {
    expect(() => reorient(counting(), orientation)).toThrow(ValueError);
  });
});
