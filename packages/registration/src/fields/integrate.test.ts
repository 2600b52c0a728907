import { Rng, ShapeError, ValueError } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, useBackend, withoutLeak } from '@sshn-internal/testing';
import {
  abs,
  concat,
  grads,
  max,
  mul,
  neg,
  slice,
  sum,
  type Tensor,
  tensor,
  zeros,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { jacobianStatistics } from '../jacobian.js';
import { noise, relativeError } from '../testing/cases.js';
import { naiveIntegral } from '../testing/naive-warp.js';
import { waves } from '../testing/smooth.js';
import { composeFields } from './compose.js';
import { integrateInverse, integrateVelocity } from './integrate.js';

const valuesOf = (x: Tensor): number[] => [...x.dataSync()];
const largest = (x: Tensor): number => max(abs(x)).dataSync()[0]!;

/** v(p) = rate · (p − middle) along a line of 65 voxels. */
function spreading(rate: number): Tensor {
  const values = Array.from({ length: 65 }, (_, i) => [0, rate * (i - 32)]);
  return tensor(values.flat(), [1, 1, 65, 2]);
}

describe.each(backends)('integrateVelocity on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('a constant velocity is its displacement', () => {
    const velocity = tensor(Array(60).fill([3, -2, 0.5]).flat(), [1, 3, 4, 5, 3]);
    valuesOf(integrateVelocity(velocity)).forEach((value, i) => {
      expect(value).toBeCloseTo([3, -2, 0.5][i % 3]!, 5);
    });
  });

  test('a linear velocity: exp(rate) − 1 times the distance, the nearer the more steps', () => {
    const rate = -0.8;
    const error = (integrationSteps: number): number => {
      const field = valuesOf(integrateVelocity(spreading(rate), { integrationSteps }));
      return Math.abs(field[2 * 48 + 1]! - (Math.exp(rate) - 1) * 16);
    };
    expect(error(7)).toBeLessThan(0.04);
    expect(error(10)).toBeLessThan(0.005);
    expect(error(4) / error(7)).toBeGreaterThan(6);
    expect(valuesOf(integrateVelocity(spreading(rate), { integrationSteps: 0 }))).toEqual(
      valuesOf(spreading(rate)),
    );
    expect(error(7)).toBe(
      Math.abs(valuesOf(integrateVelocity(spreading(rate)))[97]! - (Math.exp(rate) - 1) * 16),
    );
  });

  test.each([
    { size: [40, 36], amplitude: 3 },
    { size: [12, 11, 13], amplitude: 1 },
  ])('and back again: composed with its inverse nothing moves, size $size', ({ size, amplitude }) => {
    const velocity = waves(size, amplitude);
    const [there, back] = [integrateVelocity(velocity), integrateInverse(velocity)];
    expect(largest(there)).toBeGreaterThan(0.6 * amplitude);
    expect(largest(composeFields(there, back))).toBeLessThan(0.06);
    expect(largest(composeFields(back, there))).toBeLessThan(0.06);
    expect(valuesOf(back)).toEqual(valuesOf(integrateVelocity(neg(velocity))));
  });

  test('what folds as a displacement does not fold as a velocity', async () => {
    const velocity = waves([40, 40], 14);
    expect((await jacobianStatistics(velocity))[0]!.foldedVoxels).toBeGreaterThan(0);
    expect((await jacobianStatistics(integrateVelocity(velocity)))[0]!.foldedVoxels).toBe(0);
  });

  test('fields of a batch do not mix', () => {
    const [a, b] = [waves([6, 5], 2), waves([6, 5], -1)];
    const both = integrateVelocity(concat([a, b]));
    expect(valuesOf(slice(both, 1))).toEqual(valuesOf(integrateVelocity(b)));
  });

  test.each([[[2, 5, 4, 2]], [[1, 2, 3, 2, 3]]])(
    'values and gradient of %j agree with double precision',
    (shape) => {
      const velocity = noise(Rng.fromSeed(3), shape);
      const dy = noise(Rng.fromSeed(4), shape);
      const f = (v: Tensor): Tensor => sum(mul(integrateVelocity(v, { integrationSteps: 4 }), dy));
      const [gradient] = grads(f as never)([velocity]);
      const exactly = (data: readonly number[]): number[] => naiveIntegral({ shape, data }, 4);
      expect(
        relativeError(
          integrateVelocity(velocity, { integrationSteps: 4 }).dataSync(),
          exactly(valuesOf(velocity)),
        ),
      ).toBeLessThan(2e-6);
      const along = (i: number, step: number): number =>
        exactly(valuesOf(velocity).map((v, k) => (k === i ? v + step : v))).reduce(
          (total, u, k) => total + u * dy.dataSync()[k]!,
          0,
        );
      const expected = valuesOf(velocity).map((_, i) => (along(i, 1e-6) - along(i, -1e-6)) / 2e-6);
      expect(relativeError(gradient!.dataSync(), expected)).toBeLessThan(1e-5);
    },
  );

  test('leaves nothing behind', async () => {
    const velocity = waves([5, 4], 1);
    await withoutLeak(() => integrateVelocity(velocity).dispose());
    await withoutLeak(() => integrateInverse(velocity).dispose());
    velocity.dispose();
  });

  test('refuses what is no velocity, and steps that are no count', () => {
    for (const f of [integrateVelocity, integrateInverse]) {
      expect(() => f(zeros([1, 4, 4, 3]))).toThrow(ShapeError);
      expect(() => f(zeros([4, 4, 2]))).toThrow(ShapeError);
    }
    expect(() => integrateInverse(zeros([1, 4, 4, 2]), { integrationSteps: 1.5 })).toThrow(ValueError);
    expect(() => integrateVelocity(zeros([1, 4, 4, 2]), { integrationSteps: -1 })).toThrow(
      'integrateVelocity: integrationSteps: got -1, expected an integer of at least 0.',
    );
  });
});
