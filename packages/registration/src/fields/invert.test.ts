import { ShapeError, ValueError } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, gradientError, useBackend, withoutLeak } from '@sshn-internal/testing';
import { abs, max, mul, sub, sum, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { positions } from '../testing/double-precision.js';
import { waves } from '../testing/smooth.js';
import { composeFields } from './compose.js';
import { integrateInverse, integrateVelocity } from './integrate.js';
import { inverseOf, invertField } from './invert.js';

const largest = (x: Tensor) => max(abs(x)).dataSync()[0]!;

/** A field on a grid from a displacement by place. */
function fieldOf(size: readonly number[], displacement: (p: readonly number[]) => readonly number[]): Tensor {
  return tensor(positions(size).flatMap(displacement), [1, ...size, size.length]);
}

describe.each(backends)('inverse fields on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('a field that stretches by 2.2: the fixed point of old ran away', async () => {
    const field = fieldOf([21, 21], ([y]) => [1.2 * (y! - 10), 0]);
    const { inverse, largestError, unsolvedPercent } = await invertField(field);
    // y ↦ 2.2 y − 12, so back: (y + 12) / 2.2 − y.
    expect(inverse.dataSync()[2 * (12 * 21 + 4)]).toBeCloseTo(-1.0909, 3);
    const expected = fieldOf([21, 21], ([y]) => [(y! + 12) / 2.2 - y!, 0]);
    expect(largest(sub(inverse, expected))).toBeLessThan(1e-3);
    expect(largestError).toBeLessThan(1e-3);
    expect(unsolvedPercent).toBe(0);
  });

  test.each([
    [
      'affine, 2D',
      [17, 20],
      ([y, x]: readonly number[]) => [0.7 * (y! - 8) + 0.3 * (x! - 9), -0.6 * (y! - 8) + 0.5 * (x! - 9)],
    ],
    [
      'affine, 3D',
      [9, 8, 10],
      ([z, y, x]: readonly number[]) => [
        0.8 * (z! - 4),
        0.5 * (y! - 4) - 0.4 * (x! - 5),
        0.4 * (y! - 4) + 0.3 * (x! - 5),
      ],
    ],
    [
      'steep waves',
      [32, 30],
      ([y, x]: readonly number[]) => [2.4 * Math.sin(y! / 3), 2 * Math.cos(x! / 2.5)],
    ],
    ['a strong shift', [12, 12], () => [3.3, -4.6]],
    ['a swirl, 3D', [10, 12, 11], ([, y, x]: readonly number[]) => [0.6, -0.9 * (x! - 5), 0.9 * (y! - 6)]],
  ] as const)('%s: undone wherever one goes', async (_, size, displacement) => {
    const field = fieldOf(size, displacement);
    const { inverse, largestError, unsolvedPercent } = await invertField(field, { iterations: 40 });
    expect(unsolvedPercent).toBe(0);
    expect(largestError).toBeLessThan(0.01);
    expect(largest(composeFields(field, inverse))).toBeLessThan(0.01);
  });

  test('the inverse of an integrated velocity is that of the velocity backwards', () => {
    const velocity = waves([24, 22], 2);
    const field = integrateVelocity(velocity);
    expect(largest(composeFields(field, inverseOf(field)))).toBeLessThan(1e-4);
    expect(largest(sub(inverseOf(field), integrateInverse(velocity)))).toBeLessThan(0.05);
    const errors = [1, 2, 4].map((iterations) =>
      largest(composeFields(field, inverseOf(field, { iterations }))),
    );
    expect(errors[1]!).toBeLessThan(errors[0]! / 2);
    expect(errors[2]!).toBeLessThan(errors[1]!);
  });

  test('what is not solved is reported; where a field folds, one of the places is found', async () => {
    const steep = fieldOf([20, 20], ([y]) => [2.4 * Math.sin(y! / 3), 0]);
    const short = await invertField(steep, { iterations: 1 });
    expect(short.unsolvedPercent).toBeGreaterThan(10);
    expect(short.largestError).toBeGreaterThan(0.01);
    // y ↦ y + 9, then y − 9: what lies between goes to three places.
    const folded = fieldOf([20, 20], ([y]) => [y! < 10 ? 9 : -9, 0]);
    const { inverse, largestError } = await invertField(folded, { iterations: 60 });
    expect(largestError).toBeLessThan(0.01);
    expect(inverse.dataSync().every(Number.isFinite)).toBe(true);
  });

  test('gradients as finite differences', () => {
    const field = waves([4, 3], 0.8);
    expect(
      gradientError(
        (x) => sum(mul(inverseOf(x!, { iterations: 12 }), waves([4, 3], 1))) as Tensor,
        [field],
        1e-3,
      ),
    ).toBeLessThan(2e-2);
  });

  test('leaves nothing behind; one voxel; refuses what is no field', async () => {
    const field = waves([5, 4], 1);
    await withoutLeak(() => inverseOf(field).dispose());
    await withoutLeak(async () => (await invertField(field)).inverse.dispose());
    const { inverse } = await invertField(tensor([0.25, -3], [1, 1, 1, 2]));
    expect([...inverse.dataSync()]).toEqual([-0.25, 3]);
    expect(() => inverseOf(zeros([1, 4, 4, 3]))).toThrow(ShapeError);
    expect(() => inverseOf(zeros([1, 4, 4, 2]), { iterations: 0 })).toThrow(ValueError);
    await expect(invertField(zeros([1, 4, 4, 2]), { tolerance: 0 })).rejects.toThrow(ValueError);
  });
});
