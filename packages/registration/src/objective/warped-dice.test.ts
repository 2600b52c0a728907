import { ShapeError, ValueError } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, gradientError, useBackend, withoutLeak } from '@sshn-internal/testing';
import { add, grad, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { waves } from '../testing/smooth.js';
import { warpedDiceLoss } from './warped-dice.js';

const read = (scalar: Tensor) => scalar.dataSync()[0]!;
const line = (...labels: number[]) => tensor(labels, [1, 1, labels.length], 'int32');
/** Displacements along the width. */
const across = (...values: number[]) =>
  tensor(
    values.flatMap((u) => [0, u]),
    [1, 1, values.length, 2],
  );

describe.each(backends)('warpedDiceLoss on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('by hand: one of two voxels of label 1 fits, label 2 fits; moved by one all fit', () => {
    const [moving, fixed] = [line(0, 1, 1, 0, 2, 2), line(1, 1, 0, 0, 2, 2)];
    expect(read(warpedDiceLoss(zeros([1, 1, 6, 2]), moving, fixed, { labels: 3 }))).toBeCloseTo(
      1 - (0.5 + 1) / 2,
      5,
    );
    expect(read(warpedDiceLoss(across(1, 1, 1, 0, 0, 0), moving, fixed, { labels: 3 }))).toBeCloseTo(0, 5);
    // Half a voxel: label 1 is 0.5, 1, 0.5 of the fixed 1, 1, 0; 2 · 1.5 / (1.5 + 2).
    const half = warpedDiceLoss(across(0.5, 0.5, 0.5, 0, 0, 0), moving, fixed, { labels: 3 });
    expect(read(half)).toBeCloseTo(1 - (3 / 3.5 + 1) / 2, 5);
  });

  test('by hand, a field of half as many voxels: shares of label 1 are 0, 1/2, 1 and 1/2, 1, 0', () => {
    const [moving, fixed] = [line(0, 0, 0, 1, 1, 1), line(0, 1, 1, 1, 0, 0)];
    const still = warpedDiceLoss(zeros([1, 1, 3, 2]), moving, fixed, { labels: 2 });
    expect(read(still)).toBeCloseTo(1 - (2 * 0.5) / (1.25 + 1.25), 5);
    // By one of its own voxels; what comes from beside the image is its border.
    const moved = warpedDiceLoss(across(1, 1, 0), moving, fixed, { labels: 2 });
    expect(read(moved)).toBeCloseTo(1 - (2 * (0.25 + 1)) / (0.25 + 1 + 1 + 1.25), 5);
  });

  test('gradient to a field of another grid as finite differences', () => {
    const labels = (seed: number) =>
      tensor(
        Array.from({ length: 240 }, (_, i) => Math.floor((i * seed) / 9) % 3),
        [1, 5, 6, 8],
        'int32',
      );
    const field = add(waves([3, 3, 4], 0.3), 0.5);
    const f = (u: Tensor) => warpedDiceLoss(u, labels(1), labels(2), { labels: 3 });
    expect(gradientError((...[u]: Tensor[]) => f(u!), [field])).toBeLessThan(1e-2);
  });

  test('gradient to the field as finite differences', () => {
    const labels = (seed: number) =>
      tensor(
        Array.from({ length: 60 }, (_, i) => Math.floor((i * seed) / 9) % 3),
        [1, 3, 4, 5],
        'int32',
      );
    // Between voxels everywhere: at them is a kink.
    const field = add(waves([3, 4, 5], 0.3), 0.5);
    const f = (u: Tensor) => warpedDiceLoss(u, labels(1), labels(2), { labels: 3 });
    expect(gradientError((...[u]: Tensor[]) => f(u!), [field])).toBeLessThan(1e-2);
  });

  test('keeps nothing alive', async () => {
    const [moving, fixed, field] = [line(0, 1, 1), line(1, 1, 0), across(0.2, 0.3, 0.1)];
    await withoutLeak(() => warpedDiceLoss(field, moving, fixed, { labels: 2 }).dispose());
    await withoutLeak(() => grad((u) => warpedDiceLoss(u, moving, fixed, { labels: 2 }))(field).dispose());
  });

  test('refuses labels of two shapes, and a single one', () => {
    const field = across(0, 0, 0);
    expect(() => warpedDiceLoss(field, line(0, 1), line(0, 1, 1), { labels: 2 })).toThrow(ShapeError);
    expect(() => warpedDiceLoss(field, line(0, 1, 1), line(0, 1, 1), { labels: 1 })).toThrow(ValueError);
  });
});
