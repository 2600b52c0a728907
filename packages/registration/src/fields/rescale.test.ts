import { ShapeError, ValueError } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { abs, cast, fill, max, sub, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { waves } from '../testing/smooth.js';
import { warp } from '../warp/warp.js';
import { resampleField, resampleImage } from './resample.js';
import { mmToVoxels, rescaleField, voxelsToMm } from './rescale.js';

const valuesOf = (x: Tensor): number[] => [...x.dataSync()];
const largest = (x: Tensor): number => max(abs(x)).dataSync()[0]!;

describe.each(backends)('on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('rescaleField: twice the voxels, twice the values, axis by axis', () => {
    const field = tensor([1, 10, 3, 10], [1, 1, 2, 2]);
    expect(rescaleField(field, [3, 4]).shape).toEqual([1, 3, 4, 2]);
    // Along the width resized to 1, 1.5, 2.5, 3; heights grow threefold, widths twofold.
    expect(valuesOf(rescaleField(field, [1, 4]))).toEqual([1, 20, 1.5, 20, 2.5, 20, 3, 20]);
    expect(valuesOf(rescaleField(field, [3, 2])).slice(0, 4)).toEqual([3, 10, 9, 10]);
    expect(valuesOf(rescaleField(field, [1, 2]))).toEqual(valuesOf(field));
  });

  test('rescaleField: a half-resolution field warps the full image as the full field does', () => {
    const full = waves([32, 28], 2);
    const half = rescaleField(full, [16, 14]);
    const image = waves([32, 28], 1);
    expect(largest(half)).toBeLessThan(0.55 * largest(full));
    expect(largest(sub(warp(image, rescaleField(half, [32, 28])), warp(image, full)))).toBeLessThan(0.02);
  });

  test('resampleImage: half the spacing, by hand', () => {
    const image = tensor([0, 4, 8], [1, 1, 3, 1]);
    const to = (mm: number) => resampleImage(image, { fromSpacingMm: [1, 2], toSpacingMm: [1, mm] });
    // New centers at −¼, ¼, ¾ … of the old grid; the border goes on.
    expect(valuesOf(to(1))).toEqual([0, 1, 3, 5, 7, 8]);
    expect(valuesOf(to(2))).toEqual([0, 4, 8]);
    // One voxel over all three, at the center of the middle one.
    expect(valuesOf(to(6))).toEqual([4]);
    expect(to(100).shape).toEqual([1, 1, 1, 1]);
  });

  test('resampleImage: the spacing is exact where it does not divide the size', () => {
    const ramp = tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 10, 1, 1]);
    const y = resampleImage(ramp, { fromSpacingMm: [1, 1], toSpacingMm: [1.5, 1] });
    expect(valuesOf(y)).toEqual([0.25, 1.75, 3.25, 4.75, 6.25, 7.75, 9]);
  });

  test('resampleImage: labels stay labels, volumes too', () => {
    const labels = cast(tensor([3, 9, 3, 9, 3, 9, 3, 9], [1, 2, 2, 2, 1]), 'int32');
    const y = resampleImage(labels, {
      fromSpacingMm: [2, 2, 2],
      toSpacingMm: [1, 2, 0.5],
      interpolation: 'nearest',
    });
    expect([y.dtype, y.shape]).toEqual(['int32', [1, 4, 2, 8, 1]]);
    expect(valuesOf(y).slice(0, 8)).toEqual([3, 3, 3, 3, 9, 9, 9, 9]);
  });

  test('resampleField: the same displacement in millimeters', () => {
    const field = waves([20, 24], 2);
    const spacings = { fromSpacingMm: [2, 3], toSpacingMm: [1, 1.5] };
    const fine = resampleField(field, spacings);
    expect(fine.shape).toEqual([1, 40, 48, 2]);
    const inMm = resampleImage(voxelsToMm(field, spacings.fromSpacingMm), spacings);
    expect(largest(sub(voxelsToMm(fine, spacings.toSpacingMm), inMm))).toBeLessThan(1e-5);
    expect(largest(sub(fine, rescaleField(field, [40, 48])))).toBeLessThan(1e-5);
  });

  test('millimeters and voxels', () => {
    const field = tensor([1, 2, 3], [1, 1, 1, 1, 3]);
    expect(valuesOf(voxelsToMm(field, [2, 0.5, 1]))).toEqual([2, 1, 3]);
    expect(valuesOf(mmToVoxels(field, [2, 0.5, 1]))).toEqual([0.5, 4, 3]);
  });

  test('gradients agree with central differences', () => {
    const spacings = { fromSpacingMm: [1, 1], toSpacingMm: [0.7, 1.6] };
    const field = waves([3, 5], 2);
    for (const f of [
      (x: Tensor) => rescaleField(x, [5, 4]),
      (x: Tensor) => resampleField(x, spacings),
      (x: Tensor) => resampleImage(x, spacings),
      (x: Tensor) => voxelsToMm(x, [2, 3]),
    ])
      expect(gradientError((...[x]: Tensor[]) => weighted(f(x!)), [field])).toBeLessThan(1e-3);
  });

  test('leaves nothing behind', async () => {
    const field = waves([3, 5], 2);
    const spacings = { fromSpacingMm: [1, 1], toSpacingMm: [0.7, 1.6] };
    await withoutLeak(() => rescaleField(field, [5, 4]).dispose());
    await withoutLeak(() => resampleField(field, spacings).dispose());
    await withoutLeak(() => resampleImage(field, spacings).dispose());
    await withoutLeak(() => voxelsToMm(field, [1, 2]).dispose());
    await withoutLeak(() => mmToVoxels(field, [1, 2]).dispose());
    field.dispose();
  });

  test('refuses what does not fit', () => {
    const [field, volume] = [zeros([1, 4, 4, 2]), zeros([1, 4, 4, 4, 3])];
    expect(() => rescaleField(zeros([1, 4, 4, 1]), [2, 2])).toThrow(ShapeError);
    expect(() => rescaleField(field, [2, 2, 2])).toThrow(ValueError);
    expect(() => rescaleField(field, [2, 0])).toThrow(ValueError);
    expect(() => resampleField(zeros([1, 4, 4, 1]), { fromSpacingMm: [1, 1], toSpacingMm: [1, 1] })).toThrow(
      ShapeError,
    );
    expect(() => resampleImage(field, { fromSpacingMm: [1, 0], toSpacingMm: [1, 1] })).toThrow(
      'resampleImage: fromSpacingMm: got [1,0], expected 2 positive numbers, the edges of a voxel in mm along height and width.',
    );
    expect(() => resampleImage(volume, { fromSpacingMm: [1, 1, 1], toSpacingMm: [1, 1] })).toThrow(
      ValueError,
    );
    expect(() =>
      resampleImage(fill([1, 2, 2, 1], 1, 'int32'), { fromSpacingMm: [1, 1], toSpacingMm: [1, 1] }),
    ).toThrow('expected a float32 tensor');
    expect(() => voxelsToMm(field, [1, Number.NaN])).toThrow(ValueError);
    expect(() => mmToVoxels(field, [1])).toThrow(ValueError);
  });
});
