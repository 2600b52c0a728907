import { ShapeError, ValueError } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, gradientError, useBackend, withoutLeak } from '@sshn-internal/testing';
import { grad, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { bendingEnergy, diffusion, totalVariation } from './regularizers.js';
import { indexOf, meanOf, positions } from './testing/double-precision.js';
import { randomField } from './testing/random-images.js';

const read = (scalar: Tensor) => scalar.dataSync()[0]!;
const regularizers = { totalVariation, diffusion, bendingEnergy };
const sizes = [
  [7, 3],
  [5, 6],
  [3, 4, 5],
];

/** `x[p + e] − x[p]` where both exist, in float64. */
function differences(
  size: readonly number[],
  values: readonly number[],
  axis: number,
): { size: number[]; values: number[] } {
  const shorter = size.map((length, i) => (i === axis ? length - 1 : length));
  return {
    size: shorter,
    values: positions(shorter).map((position) => {
      const next = position.map((i, a) => (a === axis ? i + 1 : i));
      return values[indexOf(size, next)]! - values[indexOf(size, position)]!;
    }),
  };
}

/** Components of sample 0, in the unit of the spacing. */
function components(field: Tensor, spacing: readonly number[]): number[][] {
  const values = field.dataSync();
  const dimensions = spacing.length;
  return spacing.map((edge, c) =>
    Array.from({ length: field.size / dimensions }, (_, i) => edge * values[i * dimensions + c]!),
  );
}

function expectedPenalty(field: Tensor, spacing: readonly number[], penalty: (x: number) => number): number {
  const size = field.shape.slice(1, -1);
  const terms = size.map((_, axis) =>
    meanOf(
      components(field, spacing).flatMap((values) =>
        differences(size, values, axis).values.map((d) => penalty(d / spacing[axis]!)),
      ),
    ),
  );
  return meanOf(terms);
}

function expectedBending(field: Tensor, spacing: readonly number[]): number {
  const size = field.shape.slice(1, -1);
  let energy = 0;
  for (let i = 0; i < size.length; i++) {
    for (let j = 0; j < size.length; j++) {
      energy += meanOf(
        components(field, spacing).flatMap((values) => {
          const first = differences(size, values, i);
          return differences(first.size, first.values, j).values.map(
            (d) => (d / (spacing[i]! * spacing[j]!)) ** 2,
          );
        }),
      );
    }
  }
  return energy;
}

describe.each(backends)('regularizers on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('by hand: a line', () => {
    // A column of pixels that move down by 0, 1, 3 and 2. Half of the components are 0, and one of two axes has no differences.
    const field = tensor([0, 0, 1, 0, 3, 0, 2, 0], [1, 4, 1, 2]);
    expect(read(totalVariation(field))).toBeCloseTo((1 + 2 + 1) / 3 / 4, 6);
    expect(read(diffusion(field))).toBeCloseTo((1 + 4 + 1) / 3 / 4, 6);
    expect(read(bendingEnergy(field))).toBeCloseTo((1 + 9) / 2 / 2, 6);
  });

  test.each(sizes.map((size) => ({ size })))('$size: as in float64, in voxels and in mm', ({ size }) => {
    const field = randomField(1, size);
    const anisotropic = [0.5, 1.5, 3].slice(0, size.length);
    for (const spacing of [size.map(() => 1), anisotropic]) {
      const options = { spacingMm: spacing };
      expect(read(totalVariation(field, options))).toBeCloseTo(expectedPenalty(field, spacing, Math.abs), 4);
      const squared = expectedPenalty(field, spacing, (d) => d ** 2);
      expect(read(diffusion(field, options)) / squared).toBeCloseTo(1, 4);
      expect(read(bendingEnergy(field, options)) / expectedBending(field, spacing)).toBeCloseTo(1, 4);
    }
    expect(read(diffusion(field))).toBe(read(diffusion(field, { spacingMm: size.map(() => 1) })));
  });

  describe.each(Object.entries(regularizers))('%s', (_, regularizer) => {
    test.each(sizes.map((size) => ({ size })))('$size: gradient as finite differences', ({ size }) => {
      const field = randomField(
        size.length === 2 ? 2 : 1,
        size.map((n) => Math.min(n, 4)),
        4,
      );
      const options = { spacingMm: [2, 1, 0.5].slice(0, size.length) };
      // Steps so small that no difference changes its sign, where total variation has a corner.
      expect(gradientError((x) => regularizer(x!, options), [field], 5e-4)).toBeLessThan(2e-2);
    });

    test('is 0 for a translation, and for a single voxel', () => {
      const translation = tensor(
        Array.from({ length: 24 }, (_, i) => (i % 2 === 0 ? 3 : -1)),
        [1, 3, 4, 2],
      );
      expect(read(regularizer(translation))).toBe(0);
      expect(read(regularizer(zeros([1, 1, 1, 2])))).toBe(0);
    });

    test('keeps nothing alive', async () => {
      const field = randomField(1, [4, 5]);
      await withoutLeak(() => regularizer(field).dispose());
      await withoutLeak(() => grad((x) => regularizer(x))(field).dispose());
    });

    test('refuses what is no field, and a spacing that does not fit', () => {
      expect(() => regularizer(zeros([1, 4, 4, 3]))).toThrow(ShapeError);
      expect(() => regularizer(zeros([4, 2]))).toThrow(ShapeError);
      expect(() => regularizer(zeros([1, 0, 4, 2]))).toThrow(ShapeError);
      expect(() => regularizer(zeros([1, 4, 4, 2], 'int32'))).toThrow('expected a float32 tensor');
      expect(() => regularizer(zeros([1, 4, 4, 2]), { spacingMm: [1] })).toThrow(ValueError);
      expect(() => regularizer(zeros([1, 4, 4, 2]), { spacingMm: [1, 0] })).toThrow(ValueError);
    });
  });

  test('an affine field does not bend', () => {
    const affine = positions([4, 5]).flatMap(([y, x]) => [0.5 * y! - 0.25 * x!, 0.125 * x!]);
    const field = tensor(affine, [1, 4, 5, 2]);
    expect(read(bendingEnergy(field))).toBeCloseTo(0, 10);
    expect(read(diffusion(field))).toBeGreaterThan(0.01);
  });
});
