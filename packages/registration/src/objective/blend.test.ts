import { ValueError } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { useBackend, withoutLeak } from '@sshn-internal/testing';
import { grads, type Scalar, scalar } from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { blend } from './objective.js';

beforeAll(async () => {
  await useBackend('cpu');
  registerGradients();
});

test.each([
  [0, 3],
  [1, 7],
  [0.25, 4],
])('λ = %d of 3 and 7 is %d; the weights are the gradient', (lambda, expected) => {
  const [a, b] = [scalar(3), scalar(7)];
  expect(blend(lambda, a, b).dataSync()[0]).toBeCloseTo(expected, 6);
  const slopes = grads((x, y) => blend(lambda, x as Scalar, y as Scalar))([a, b]);
  expect(slopes.map((slope) => slope.dataSync()[0])).toEqual([1 - lambda, lambda]);
});

test.each([-0.1, 1.1, Number.NaN])('λ = %d is refused', (lambda) => {
  expect(() => blend(lambda, scalar(1), scalar(1))).toThrow(ValueError);
});

test('keeps nothing alive', async () => {
  const [a, b] = [scalar(3), scalar(7)];
  await withoutLeak(() => blend(0.5, a, b).dispose());
});
