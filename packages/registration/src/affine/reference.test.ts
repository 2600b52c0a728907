import { OptionError, Rng, readOptions, ShapeError, ValueError } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { positions } from '../testing/double-precision.js';
import { meanDistance } from '../testing/made-up.js';
import { type AffineMatrix, composeAffine, invertAffine } from './matrix.js';
import { affineMatrix } from './parameters.js';
import { affineReference, affineReferenceOption, alignToReference } from './reference.js';
import { placeOf } from './samples.js';

/** An object without symmetry around the origin, in mm. */
function object([z, y, x]: readonly number[]): number {
  const blob = (a: number, b: number, c: number, width: number) =>
    Math.exp(-((z! - a) ** 2 + (y! - b) ** 2 + (x! - c) ** 2) / (2 * width ** 2));
  return blob(0, 0, -2, 8) + blob(-5, 8, 5, 3) - 0.8 * blob(4, -5, -6, 3) + 0.9 * blob(7, 5, -8, 3);
}

/** An image whose voxels lie around the origin; `toObject` takes its millimeters to the object's. */
function imageOf(
  size: readonly number[],
  spacingMm: readonly number[],
  toObject: AffineMatrix,
  unit: number,
) {
  const toMm = size.map((n, axis) => [
    ...size.map((_, other) => (other === axis ? spacingMm[axis]! : 0)),
    (-spacingMm[axis]! * (n - 1)) / 2,
  ]);
  const rng = Rng.fromSeed(5);
  const values = Float32Array.from(positions(size), (voxel) => {
    const place = placeOf(composeAffine(toObject, toMm), voxel);
    return unit * (object(size.length === 2 ? [0, ...place] : place) + 0.01 * rng.normal());
  });
  return { image: { values, size }, toMm };
}

describe('alignToReference', () => {
  test.each([
    { size: [41, 47], of: [52, 45], spacingMm: [1, 1] },
    // So large that voxels are joined.
    { size: [150, 131], of: [120, 140], spacingMm: [0.3, 0.35] },
    { size: [30, 44, 40], of: [25, 50, 47], spacingMm: [1.4, 1, 1.1] },
  ])('recovers a pose of an image of another size and unit: $size, $of', async ({ size, of, spacingMm }) => {
    const rank = size.length as 2 | 3;
    const truthMm = affineMatrix(rank, {
      rotationRad: rank === 2 ? [0.3] : [0.2, -0.15, 0.1],
      translation: [4, -3, 2].slice(0, rank),
    });
    const edges = spacingMm.map((edge) => 1.1 * edge);
    const fixed = imageOf(size, spacingMm, affineMatrix(rank), 1);
    const moving = imageOf(of, edges, invertAffine(truthMm), 30_000);
    const reference = affineReference(fixed.image, spacingMm);
    // As a file holds it.
    const read = JSON.parse(JSON.stringify(reference)) as typeof reference;
    expect(readOptions({ read: affineReferenceOption }, { read }, 'test').read).toEqual(reference);
    const matrix = await alignToReference(moving.image, edges, read, { kind: 'rigid', searchDegrees: 20 });
    const truth = composeAffine(invertAffine(moving.toMm), composeAffine(truthMm, fixed.toMm));
    expect(meanDistance(matrix, truth, size) * Math.max(...edges)).toBeLessThan(0.5);
  });

  test('a reference is small, whatever it is made of', () => {
    const size = [160, 192, 224];
    const reference = affineReference({ values: new Float32Array(160 * 192 * 224).fill(3), size }, [1, 1, 1]);
    expect(reference.block).toEqual([5, 5, 5]);
    expect(reference.values.length).toBeLessThan(2 ** 17);
  });

  test('refuses what is no image, no spacing or no reference', async () => {
    const image = { values: new Float32Array(20), size: [4, 5] };
    const reference = affineReference(image, [1, 1]);
    expect(() => affineReference({ ...image, size: [4, 6] }, [1, 1])).toThrow(ShapeError);
    expect(() => affineReference(image, [1, 0])).toThrow(ValueError);
    expect(() =>
      affineReference({ ...image, values: new Float32Array(20).fill(Number.NaN) }, [1, 1]),
    ).toThrow(ValueError);
    await expect(
      alignToReference({ values: new Float32Array(8), size: [2, 2, 2] }, [1, 1, 1], reference),
    ).rejects.toThrow(ShapeError);
    await expect(alignToReference(image, [1, 1], reference, { kind: 'bent' as 'rigid' })).rejects.toThrow(
      OptionError,
    );
    for (const wrong of [
      { values: 'AAAA' },
      { values: `${reference.values.slice(0, -4)}!!!!` },
      { block: [1, 1, 1] },
      { block: [9, 9] },
      { spacingMm: [1, -1] },
    ])
      expect(() =>
        readOptions({ one: affineReferenceOption }, { one: { ...reference, ...wrong } }, 'file'),
      ).toThrow('file');
  });
});
