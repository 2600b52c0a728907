import { OptionError, Rng, ShapeError } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { reorient } from './orientation.js';
import { resampleImage } from './resample.js';
import { resampleOnto } from './resample-onto.js';
import { type Affine, type Triple, volumeOf } from './volume.js';

const noise = (shape: Triple, affine?: Affine) => {
  const rng = Rng.fromSeed(1);
  const data = Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, () => rng.uniform(0, 9));
  return affine === undefined ? volumeOf(data, shape) : volumeOf(data, shape, { affine });
};
const zeros = (length: number) => new Float32Array(length);

describe('resampleOnto', () => {
  test('by hand: voxels of 2 mm read at every mm', () => {
    const coarse = volumeOf(Float32Array.of(0, 4, 8), [1, 1, 3], { spacingMm: [1, 1, 2] });
    const fine = volumeOf(zeros(7), [1, 1, 7]);
    expect([...resampleOnto(coarse, fine).data]).toEqual([0, 2, 4, 6, 8, 8, 0]);
    const labels = { ...coarse, data: Uint8Array.of(3, 5, 7) };
    const read = resampleOnto(labels, fine, { interpolation: 'nearest', fill: 9 });
    expect(read.data).toEqual(Uint8Array.of(3, 5, 5, 7, 7, 9, 9));
  });

  test('its own grid gives the volume itself, another order of the axes the same as reorient', () => {
    const affine: Affine = [
      [0.1, 0, -1.5, 7],
      [0, 2, 0.2, -3],
      [1, 0.1, 0, 4],
    ];
    const volume = noise([3, 4, 5], affine);
    for (const orientation of ['RAS', 'LPS', 'AIR', 'SLP']) {
      const turned = reorient(volume, orientation);
      const read = resampleOnto(volume, turned);
      expect(read).toMatchObject({ shape: turned.shape, affine: turned.affine });
      for (const [i, value] of read.data.entries()) expect(value).toBeCloseTo(turned.data[i]!, 3);
    }
  });

  test('agrees with resampling to a finer spacing', () => {
    const volume = noise([4, 5, 6]);
    const fine = resampleImage(volume, { shape: [8, 10, 12] });
    const read = resampleOnto(volume, fine);
    for (const [i, value] of read.data.entries()) expect(value).toBeCloseTo(fine.data[i]!, 3);
  });

  test('a displacement in mm points to where values come from: right, front and top', () => {
    const volume = noise(
      [3, 3, 3],
      [
        [0, 0, 2, 0],
        [0, 2, 0, 0],
        [2, 0, 0, 0],
      ],
    );
    const center = 13;
    for (const [axis, step] of [1, 3, 9].entries()) {
      const displacementMm = [zeros(27), zeros(27), zeros(27)] as const;
      displacementMm[axis]!.fill(2);
      expect(resampleOnto(volume, volume, { displacementMm }).data[center]).toBe(volume.data[center + step]);
      displacementMm[axis]!.fill(-1);
      const between = resampleOnto(volume, volume, { displacementMm }).data[center];
      expect(between).toBeCloseTo((volume.data[center]! + volume.data[center - step]!) / 2, 5);
    }
  });

  test('refuses fields of another grid, and other interpolations', () => {
    const volume = noise([2, 2, 2]);
    const displacementMm = [zeros(8), zeros(8), zeros(4)] as const;
    expect(() => resampleOnto(volume, volume, { displacementMm })).toThrow(ShapeError);
    expect(() => resampleOnto(volume, volume, { interpolation: 'cubic' as never })).toThrow(OptionError);
  });
});
