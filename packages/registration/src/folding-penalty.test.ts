import { ShapeError } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, gradientError, useBackend, withoutLeak } from '@sshn-internal/testing';
import { grad, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { foldingPenalty } from './regularizers.js';
import { randomField } from './testing/random-images.js';

const read = (scalar: Tensor) => scalar.dataSync()[0]!;
/** Displacements along the width of one line. */
const across = (...values: number[]): Tensor =>
  tensor(
    values.flatMap((u) => [0, u]),
    [1, 1, values.length, 2],
  );

describe.each(backends)('foldingPenalty on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('by hand', () => {
    expect(read(foldingPenalty(zeros([2, 3, 4, 5, 3])))).toBe(0);
    expect(read(foldingPenalty(across(0, 1, 2)))).toBe(0);
    // Determinants −1, −1, −1, and 2, 0.5, −0.25, 0.5 of one voxel in four.
    expect(read(foldingPenalty(across(0, -2, -4)))).toBeCloseTo(1, 6);
    expect(read(foldingPenalty(across(0, 1, -1, -1.5)))).toBeCloseTo(0.25 / 4, 6);
  });

  test.each([[[5, 4]], [[3, 4, 3]]])('%j: gradient as finite differences', (size) => {
    const field = randomField(3, size, 2);
    expect(read(foldingPenalty(field))).toBeGreaterThan(0);
    expect(gradientError((x) => foldingPenalty(x!), [field], 1e-3)).toBeLessThan(2e-2);
  });

  test('keeps nothing alive, and refuses what is no field', async () => {
    const field = randomField(1, [4, 5]);
    await withoutLeak(() => foldingPenalty(field).dispose());
    await withoutLeak(() => grad((x) => foldingPenalty(x))(field).dispose());
    expect(() => foldingPenalty(zeros([1, 4, 4, 3]))).toThrow(ShapeError);
  });
});
