import { describeGradients, distinct, type GradientCase } from '@sshn-internal/testing';
import {
  add,
  cumsum,
  grad,
  max,
  mean,
  min,
  prod,
  sum,
  type Tensor,
  tensor1d,
  tensor2d,
} from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { registerGradients } from '../register.js';

const reductions = {
  sum,
  mean,
  max,
  min,
  prod: (x: Tensor, axis?: number[], keep?: boolean) => prod(add(x, 2), axis, keep),
};
const axesOfRank3 = [undefined, [0], [1], [0, 2], [-1], [1, 2]];
const flags = [false, true];

describeGradients(
  [
    ...Object.entries(reductions).flatMap(([name, f]) =>
      axesOfRank3.flatMap((axes) =>
        flags.map(
          (keep): GradientCase => [
            `${name} over ${axes ?? 'all'}${keep ? ', kept' : ''}`,
            (x) => f(x!, axes, keep),
            () => [distinct([2, 3, 4])],
          ],
        ),
      ),
    ),
    ...[0, 1, 2].flatMap((axis) =>
      flags.flatMap((exclusive) =>
        flags.map(
          (reverse): GradientCase => [
            `cumsum along ${axis}${exclusive ? ', exclusive' : ''}${reverse ? ', reverse' : ''}`,
            (x) => cumsum(x!, axis, exclusive, reverse),
            () => [distinct([2, 3, 4])],
          ],
        ),
      ),
    ),
    ['sum of rank 6', (x) => sum(x!, [1, 4]), () => [distinct([1, 2, 1, 2, 3, 2])]],
    ['mean of one entry', (x) => mean(x!), () => [distinct([1, 1])]],
  ],
  registerGradients,
);

test('ties share the gradient of max and min', () => {
  registerGradients();
  const x = tensor2d([
    [1, 3, 3],
    [2, 2, 2],
  ]);
  const gradient = grad((x: Tensor) => sum(max(x, 1)))(x);
  expect(gradient.arraySync()).toEqual([
    [0, 0.5, 0.5],
    [1, 1, 1].map((third) => expect.closeTo(third / 3, 6)),
  ]);
  const least = grad((x: Tensor) => min(x))(tensor1d([1, 5, 1, 1]));
  expect([...least.dataSync()]).toEqual([1, 0, 1, 1].map((third) => expect.closeTo(third / 3, 6)));
});

test('zeros do not spoil the gradient of a product', () => {
  registerGradients();
  const slopes = (at: number[]) => [...grad((x: Tensor) => prod(x))(tensor1d(at)).dataSync()];
  expect(slopes([2, 0, 3])).toEqual([0, 6, 0]);
  expect(slopes([2, 0, 0])).toEqual([0, 0, 0]);
});
