import { Rng, ValueError } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { distanceTransform, squaredDistances } from './distance-transform.js';

/** Every voxel against every site. */
function bruteForce(
  sites: ArrayLike<number>,
  shape: readonly number[],
  spacing: readonly number[],
): number[] {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const at = (i: number) => shape.map((n, axis) => Math.floor(i / strides[axis]!) % n);
  return Array.from({ length: sites.length }, (_, i) => {
    let nearest = Infinity;
    for (let j = 0; j < sites.length; j++) {
      if (!sites[j]) continue;
      const [a, b] = [at(i), at(j)];
      nearest = Math.min(nearest, Math.hypot(...a.map((x, axis) => (x - b[axis]!) * spacing[axis]!)));
    }
    return nearest;
  });
}

describe('distanceTransform', () => {
  test('by hand: a corner of 3×3', () => {
    const d = distanceTransform(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0), { shape: [3, 3] });
    expect(Array.from(d)).toEqual([0, 1, 2, 1, Math.SQRT2, Math.sqrt(5), 2, Math.sqrt(5), Math.sqrt(8)]);
  });

  test('by hand: spacing, axis by axis', () => {
    const grid = { shape: [2, 3], spacingMm: [4, 0.5] };
    expect(Array.from(distanceTransform([0, 0, 1, 0, 0, 0], grid))).toEqual([
      1,
      0.5,
      0,
      Math.sqrt(17),
      Math.sqrt(16.25),
      4,
    ]);
  });

  test('no site: Infinity; all sites: 0; one voxel', () => {
    expect(Array.from(distanceTransform([0, 0, 0, 0], { shape: [2, 2] }))).toEqual(
      new Array(4).fill(Infinity),
    );
    expect(Array.from(distanceTransform([1, 2, 1, 9], { shape: [2, 2] }))).toEqual([0, 0, 0, 0]);
    expect(Array.from(distanceTransform([1], { shape: [1, 1, 1] }))).toEqual([0]);
  });

  test.each([
    { shape: [17], spacing: [1] },
    { shape: [9, 14], spacing: [1, 1] },
    { shape: [1, 14], spacing: [3, 0.7] },
    { shape: [11, 7], spacing: [0.3, 5] },
    { shape: [5, 8, 6], spacing: [1, 1, 1] },
    { shape: [4, 9, 7], spacing: [3, 0.8, 0.9] },
    { shape: [6, 5, 19], spacing: [2, 1, 1] },
    { shape: [2, 3, 4, 3], spacing: [1, 2, 0.5, 0.1] },
  ])('as by brute force, $shape at $spacing mm', ({ shape, spacing }) => {
    const rng = Rng.fromSeed(shape.length);
    const voxels = shape.reduce((a, b) => a * b, 1);
    for (const density of [0.01, 0.1, 0.5, 0.95]) {
      const sites = Uint8Array.from({ length: voxels }, () => (rng.uniform() < density ? 1 : 0));
      sites[rng.integer(voxels)] = 1;
      const expected = bruteForce(sites, shape, spacing);
      const found = distanceTransform(sites, { shape, spacingMm: spacing });
      const errors = expected.map((d, i) => Math.abs(found[i]! - d) / (1 + d));
      expect(Math.max(...errors)).toBeLessThan(1e-12);
    }
  });

  test('squares are exact integers on a grid without spacing', () => {
    const sites = new Uint8Array(40 * 50).fill(0);
    sites[1234] = 1;
    const expected = Array.from(sites, (_, i) => (Math.floor(i / 50) - 24) ** 2 + ((i % 50) - 34) ** 2);
    expect(Array.from(squaredDistances(sites, { shape: [40, 50] }))).toEqual(expected);
  });

  test('a line of a million voxels is done in time, which it is not in quadratic time', () => {
    const length = 2 ** 20;
    const sites = new Uint8Array(length);
    sites[0] = 1;
    sites[length - 1] = 1;
    const d = distanceTransform(sites, { shape: [length] });
    expect([d[1], d[length / 2], d[length - 3]]).toEqual([1, length / 2 - 1, 2]);
  });

  test('refuses what does not fit', () => {
    expect(() => distanceTransform([1, 0], { shape: [3] })).toThrow(
      'got 2, expected 3 entries for shape [3]',
    );
    expect(() => distanceTransform([1, 0], { shape: [2], spacingMm: [0] })).toThrow(ValueError);
    expect(() => distanceTransform([1, 0], { shape: [2], spacingMm: [1, 1] })).toThrow(
      '1 positive numbers of mm',
    );
    expect(() => distanceTransform([1, 0], { shape: [2.5] })).toThrow('shape[0]: got 2.5');
  });
});
