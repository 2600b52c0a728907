import { ShapeError } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { concat, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { affineField } from './affine/matrix.js';
import { derivativeAlong, jacobianDeterminant, jacobianStatistics } from './jacobian.js';
import { waves } from './testing/smooth.js';

const valuesOf = (x: Tensor): number[] => [...x.dataSync()];
/** Displacements along the width of one line. */
const across = (...values: number[]): Tensor =>
  tensor(
    values.flatMap((u) => [0, u]),
    [1, 1, values.length, 2],
  );

describe.each(backends)('the Jacobian on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('derivatives: central inside, one-sided at the ends', () => {
    expect(valuesOf(derivativeAlong(tensor([0, 1, 4, 9]), 0))).toEqual([1, 2, 4, 5]);
    expect(valuesOf(derivativeAlong(tensor([2, 5]), 0))).toEqual([3, 3]);
    expect(valuesOf(derivativeAlong(tensor([2]), 0))).toEqual([0]);
    expect(valuesOf(derivativeAlong(tensor([0, 1, 4, 3, 5, 8], [2, 3]), 0))).toEqual([3, 4, 4, 3, 4, 4]);
    expect(valuesOf(derivativeAlong(tensor([0, 1, 4, 3, 5, 8], [2, 3]), 1))).toEqual([1, 2, 3, 2, 2.5, 3]);
  });

  test('1 everywhere where nothing moves, or all alike', () => {
    for (const shape of [
      [2, 3, 4, 2],
      [1, 2, 3, 4, 3],
      [1, 1, 1, 2],
    ])
      expect(new Set(valuesOf(jacobianDeterminant(zeros(shape))))).toEqual(new Set([1]));
    expect(new Set(valuesOf(jacobianDeterminant(across(7, 7, 7, 7))))).toEqual(new Set([1]));
  });

  test('stretching, squeezing, folding by hand', () => {
    // p + u: 0, 2, 4 · 0, 0.5, 1 · 0, −1, −2
    expect(valuesOf(jacobianDeterminant(across(0, 1, 2)))).toEqual([2, 2, 2]);
    expect(valuesOf(jacobianDeterminant(across(0, -0.5, -1)))).toEqual([0.5, 0.5, 0.5]);
    expect(valuesOf(jacobianDeterminant(across(0, -2, -4)))).toEqual([-1, -1, -1]);
  });

  test.each([
    { matrix: [1.5, 0.2, 3, -0.4, 0.8, -1], rank: 2, size: [5, 7], determinant: 1.5 * 0.8 + 0.2 * 0.4 },
    { matrix: [0, 1, 0, 1, 0, 5], rank: 2, size: [4, 4], determinant: -1 },
    {
      matrix: [2, 0.5, 0, 0, 0.25, 1, 0.5, 1, 1, 0, 0.5, 2],
      rank: 3,
      size: [3, 5, 4],
      // 2·(1·0.5 − 0.5·0) − 0.5·(0.25·0.5 − 0.5·1)
      determinant: 2 * 0.5 - 0.5 * (0.125 - 0.5),
    },
  ])('of a linear map: its determinant $determinant at every voxel, the border included', (c) => {
    const field = affineField(tensor(c.matrix, [1, c.rank, c.rank + 1]), c.size);
    const determinants = jacobianDeterminant(field);
    expect(determinants.shape).toEqual([1, ...c.size]);
    for (const value of valuesOf(determinants)) expect(value).toBeCloseTo(c.determinant, 4);
  });

  test('components are not mixed up: a shear keeps volume', () => {
    const field = affineField(tensor([1, 5, 0, 0, 1, 0], [1, 2, 3]), [4, 6]);
    for (const value of valuesOf(jacobianDeterminant(field))) expect(value).toBeCloseTo(1, 5);
  });

  test('gradient agrees with central differences', () => {
    const f = (...[u]: Tensor[]) => weighted(jacobianDeterminant(u!));
    expect(gradientError(f, [waves([4, 5], 0.5)])).toBeLessThan(2e-3);
    expect(gradientError(f, [waves([3, 2, 4], 0.5)])).toBeLessThan(2e-3);
  });

  test('statistics by hand, field by field', async () => {
    // Steps of u: 1, −2, −0.5, so determinants 2, 1 − 0.5, 1 − 1.25, 0.5.
    const folding = across(0, 1, -1, -1.5);
    const [first, second] = await jacobianStatistics(concat([folding, zeros([1, 1, 4, 2])]));
    expect(first).toEqual({
      voxels: 4,
      foldedVoxels: 1,
      foldedPercent: 25,
      minimum: -0.25,
      maximum: 2,
      logMean: Math.log(0.5) / 3,
      logStandardDeviation: expect.closeTo(Math.log(2) * Math.sqrt(8 / 9), 10),
    });
    expect(second).toMatchObject({ foldedVoxels: 0, minimum: 1, logMean: 0, logStandardDeviation: 0 });
  });

  test('where all folds, or is no number, there is no logarithm', async () => {
    const [all] = await jacobianStatistics(across(0, -2, -4));
    expect(all).toMatchObject({ foldedPercent: 100, logMean: Number.NaN, logStandardDeviation: Number.NaN });
    const [none] = await jacobianStatistics(across(0, Number.NaN, 0, 0, 0));
    expect(none!.foldedVoxels).toBe(3);
  });

  test('leaves nothing behind', async () => {
    const field = waves([3, 4], 1);
    await withoutLeak(() => jacobianDeterminant(field).dispose());
    await withoutLeak(() => jacobianStatistics(field));
    field.dispose();
  });

  test('refuses what is no field', async () => {
    expect(() => jacobianDeterminant(zeros([1, 4, 4, 3]))).toThrow(ShapeError);
    await expect(jacobianStatistics(zeros([4, 4, 2]))).rejects.toThrow(ShapeError);
  });
});
