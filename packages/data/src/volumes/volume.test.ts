import { ShapeError, ValueError } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { volumeOf } from './volume.js';

describe('volumeOf', () => {
  it('lies at the origin in canonical orientation, spacing in the order of the axes', () => {
    const { affine, spacingMm } = volumeOf(new Uint8Array(6), [1, 2, 3], { spacingMm: [4, 5, 6] });
    expect(spacingMm).toEqual([4, 5, 6]);
    expect(affine).toEqual([
      [0, 0, 6, 0],
      [0, 5, 0, 0],
      [4, 0, 0, 0],
    ]);
    expect(volumeOf(new Uint8Array(1), [1, 1, 1]).spacingMm).toEqual([1, 1, 1]);
  });

  it('takes spacing from the columns of an affine', () => {
    const affine = [
      [0, 3, 0, 1],
      [0, 4, 0, 2],
      [2, 0, -0.5, 3],
    ] as const;
    const upright = [affine[0], affine[1], [2, 0, 0, 3]] as const;
    expect(() => volumeOf(new Uint8Array(6), [1, 2, 3], { affine: upright })).toThrow(/one with an inverse/);
    const tilted = [[0, 3, -4, 1], [0, 4, 3, 2], affine[2]] as const;
    expect(volumeOf(new Uint8Array(6), [1, 2, 3], { affine: tilted }).spacingMm).toEqual([
      2,
      5,
      Math.hypot(5, 0.5),
    ]);
  });

  it('refuses shapes of other sizes and edges that are none', () => {
    expect(() => volumeOf(new Uint8Array(5), [1, 2, 3])).toThrow(ShapeError);
    expect(() => volumeOf(new Uint8Array(0), [0, 2, 3])).toThrow(ValueError);
    for (const edge of [0, -1, Number.NaN]) {
      expect(() => volumeOf(new Uint8Array(6), [1, 2, 3], { spacingMm: [1, edge, 1] })).toThrow(ValueError);
    }
  });
});
