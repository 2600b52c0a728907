import { Rng, ShapeError } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { abs, dispose, max, sub, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { noise, smoothPlaces } from '../testing/cases.js';
import { waves } from '../testing/smooth.js';
import { warp } from '../warp/warp.js';
import { composeFields } from './compose.js';

const valuesOf = (x: Tensor): number[] => [...x.dataSync()];

describe.each(backends)('composeFields on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('by hand: second at p, first at p + second(p)', () => {
    const first = tensor([0, 10, 0, 20, 0, 30], [1, 1, 3, 2]);
    const second = tensor([0, 0.5, 0, 1, 0, 0], [1, 1, 3, 2]);
    expect(valuesOf(composeFields(first, second))).toEqual([0, 15.5, 0, 31, 0, 30]);
  });

  test('the order matters, and is that of the warps', () => {
    const image = tensor(
      Array.from({ length: 12 }, (_, i) => i * i),
      [1, 3, 4, 1],
    );
    // Whole voxels, so that nothing blurs; down where the column is odd, then to the right.
    const down = tensor(Array.from({ length: 12 }, (_, i) => [i % 2, 0]).flat(), [1, 3, 4, 2]);
    const right = tensor(Array(12).fill([0, 1]).flat(), [1, 3, 4, 2]);
    for (const [first, second] of [
      [down, right],
      [right, down],
    ] as const) {
      const twice = valuesOf(warp(warp(image, first), second));
      expect(valuesOf(warp(image, composeFields(first, second)))).toEqual(twice);
      expect(valuesOf(warp(image, composeFields(second, first)))).not.toEqual(twice);
    }
  });

  test('translations add up, zero is neutral', () => {
    const [a, b] = [tensor(Array(24).fill([1.5, -2, 0.25]).flat(), [1, 2, 3, 4, 3]), waves([2, 3, 4], 0.7)];
    const still = zeros([1, 2, 3, 4, 3]);
    expect(valuesOf(composeFields(b, still))).toEqual(valuesOf(b));
    expect(valuesOf(composeFields(still, b))).toEqual(valuesOf(b));
    valuesOf(composeFields(a, b)).forEach((value, i) => {
      expect(value).toBeCloseTo(valuesOf(b)[i]! + [1.5, -2, 0.25][i % 3]!, 5);
    });
  });

  test('of smooth fields: as two warps of a smooth image, to the error of interpolation', () => {
    const [first, second] = [waves([40, 36], 2), waves([40, 36], -1.5)];
    const image = waves([40, 36], 1);
    const difference = sub(warp(image, composeFields(first, second)), warp(warp(image, first), second));
    expect(max(abs(difference)).dataSync()[0]).toBeLessThan(0.01);
  });

  test('gradients agree with central differences', () => {
    const rng = Rng.fromSeed(1);
    const [first, second] = [noise(rng, [2, 3, 4, 2]), smoothPlaces(rng, [2, 3, 4, 2], 1)];
    const f = (...[a, b]: Tensor[]) => weighted(composeFields(a!, b!));
    expect(gradientError(f, [first, second])).toBeLessThan(2e-3);
  });

  test('leaves nothing behind', async () => {
    const [a, b] = [waves([4, 3], 1), waves([4, 3], 2)];
    await withoutLeak(() => composeFields(a, b).dispose());
    dispose([a, b]);
  });

  test('refuses fields on different grids', () => {
    expect(() => composeFields(zeros([1, 4, 4, 2]), zeros([1, 4, 5, 2]))).toThrow(
      'composeFields: second: got shape [1, 4, 5, 2], expected [1, 4, 4, 2]. Bring both to one grid with rescaleField.',
    );
    expect(() => composeFields(zeros([1, 4, 4, 1]), zeros([1, 4, 4, 1]))).toThrow(ShapeError);
  });
});
