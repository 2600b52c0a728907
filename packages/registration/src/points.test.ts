import { Rng, ShapeError, ValueError } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { dispose, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { affineField } from './affine/matrix.js';
import { integrateInverse, integrateVelocity } from './fields/integrate.js';
import { sampleAt, targetRegistrationError, warpPoints } from './points.js';
import { noise } from './testing/cases.js';
import { naiveWarp } from './testing/naive-warp.js';
import { waves } from './testing/smooth.js';

const valuesOf = (x: Tensor): number[] => [...x.dataSync()];

describe.each(backends)('points on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('sampleAt: by hand, with each padding', () => {
    const image = tensor([1, 2, 3, 4, 5, 6], [1, 2, 3, 1]);
    const points = tensor([0, 0, 1, 2, 0.5, 0.5, 0, 2.5, -3, 1], [1, 5, 2]);
    expect(valuesOf(sampleAt(image, points))).toEqual([1, 6, 3, 3, 2]);
    expect(valuesOf(sampleAt(image, points, { padding: 'zeros' }))).toEqual([1, 6, 3, 1.5, 0]);
    expect(valuesOf(sampleAt(image, points, { padding: 'reflect' }))).toEqual([1, 6, 3, 2.5, 5]);
    expect(valuesOf(sampleAt(image, points, { interpolation: 'nearest' }))).toEqual([1, 6, 5, 3, 2]);
  });

  test.each([1, 2, 7, 8, 9, 100])('sampleAt: %i points of two volumes, as the definition has it', (count) => {
    const rng = Rng.fromSeed(count);
    const image = noise(rng, [2, 4, 5, 6, 3]);
    const places = Array.from({ length: 2 * count }, () =>
      [3, 4, 5].map((last) => rng.uniform(-1, last + 1)),
    );
    const got = sampleAt(image, tensor(places.flat(), [2, count, 3]));
    expect(got.shape).toEqual([2, count, 3]);
    // One place at a time, as the displacement of a field of one voxel.
    places.forEach((place, i) => {
      const of = {
        shape: [1, 4, 5, 6, 3],
        data: valuesOf(image)
          .slice(i < count ? 0 : 360)
          .slice(0, 360),
      };
      const sampling = { interpolation: 'linear', padding: 'border' } as const;
      naiveWarp(of, { shape: [1, 1, 1, 1, 3], data: place.map(Math.fround) }, sampling).forEach(
        (value, c) => {
          expect(valuesOf(got)[3 * i + c]).toBeCloseTo(value, 4);
        },
      );
    });
  });

  test('warpPoints: a point moves by the field at its place', () => {
    const field = tensor([0, 0, 0, 2, 4, 0, 4, 2], [1, 2, 2, 2]);
    const points = tensor([0, 0, 0.5, 1, 1, 0.5, 5, 5], [1, 4, 2]);
    expect(valuesOf(warpPoints(points, field))).toEqual([0, 0, 2.5, 3, 5, 1.5, 9, 7]);
  });

  test('warpPoints: an affine field is its matrix, and the inverse brings points back', () => {
    const points = tensor([3, 4, 5, 10.5, 2.25, 7], [1, 2, 3]);
    const matrix = tensor([1.1, 0, 0.1, -2, 0.2, 0.9, 0, 1, 0, 0, 1, 0.5], [1, 3, 4]);
    const moved = valuesOf(warpPoints(points, affineField(matrix, [12, 11, 10])));
    [1.8, 5.2, 5.5, 10.25, 5.125, 7.5].forEach((value, i) => {
      expect(moved[i]).toBeCloseTo(value, 4);
    });
    const velocity = waves([14, 12, 12], 1);
    const there = warpPoints(points, integrateVelocity(velocity));
    const back = valuesOf(warpPoints(there, integrateInverse(velocity)));
    valuesOf(points).forEach((value, i) => {
      expect(Math.abs(back[i]! - value)).toBeLessThan(0.05);
    });
  });

  test('gradients agree with central differences', () => {
    const [field, points] = [waves([4, 5], 1), tensor([0.3, 0.6, 2.4, 3.3, 1.5, 1.7], [1, 3, 2])];
    const f = (...[p, u]: Tensor[]) => weighted(warpPoints(p!, u!));
    expect(gradientError(f, [points, field])).toBeLessThan(2e-3);
  });

  test('leaves nothing behind', async () => {
    const [field, points] = [waves([4, 5], 1), tensor([0.3, 0.6], [1, 1, 2])];
    await withoutLeak(() => warpPoints(points, field).dispose());
    await withoutLeak(() => sampleAt(field, points).dispose());
    dispose([field, points]);
  });

  test('refuses points that do not fit', () => {
    const field = zeros([2, 4, 4, 2]);
    for (const shape of [
      [1, 5, 2],
      [2, 5, 3],
      [5, 2],
    ]) {
      expect(() => warpPoints(zeros(shape), field)).toThrow(ShapeError);
      expect(() => sampleAt(field, zeros(shape))).toThrow(
        'expected [2, count, 2], a point per row in voxels.',
      );
    }
    expect(() => warpPoints(zeros([2, 5, 2], 'int32'), field)).toThrow(ValueError);
    expect(() => warpPoints(zeros([2, 5, 2]), zeros([2, 4, 4, 3]))).toThrow(ShapeError);
  });
});

describe('targetRegistrationError', () => {
  test('3-4-5 in millimeters', () => {
    const error = targetRegistrationError(
      [
        [0, 0, 0],
        [3, 4, 5],
        [1, 1, 1],
      ],
      [
        [0, 0, 0],
        [0, 0, 5],
        [1, 1, 4],
      ],
      { spacingMm: [2, 2, 0.5] },
    );
    expect(error).toEqual({ perPointMm: [0, 10, 1.5], meanMm: 11.5 / 3, medianMm: 1.5, maximumMm: 10 });
    expect(
      targetRegistrationError(
        [
          [0, 0],
          [0, 0],
        ],
        [
          [0, 1],
          [0, 4],
        ],
        { spacingMm: [1, 1] },
      ).medianMm,
    ).toBe(2.5);
  });

  test('refuses lists that do not fit', () => {
    const spacingMm = [1, 1];
    expect(() => targetRegistrationError([[0, 0]], [], { spacingMm })).toThrow(ShapeError);
    expect(() => targetRegistrationError([], [], { spacingMm })).toThrow('expected at least one point');
    expect(() => targetRegistrationError([[0, 0, 0]], [[0, 0, 0]], { spacingMm })).toThrow(ValueError);
    expect(() => targetRegistrationError([[0, Number.NaN]], [[0, 0]], { spacingMm })).toThrow(
      'targetRegistrationError: a point: got [0,NaN], expected 2 finite numbers',
    );
    expect(() => targetRegistrationError([[0]], [[0]], { spacingMm: [1] })).toThrow(ValueError);
  });
});
