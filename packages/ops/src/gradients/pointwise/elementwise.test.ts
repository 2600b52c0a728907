import { describeGradients, distinct, type GradientCase } from '@sshn-internal/testing';
import {
  abs,
  add,
  clipByValue,
  cos,
  erf,
  exp,
  expm1,
  grad,
  log,
  log1p,
  neg,
  reciprocal,
  rsqrt,
  sin,
  sqrt,
  square,
  sum,
  type Tensor,
  tan,
  tensor1d,
} from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { registerGradients } from '../register.js';

const everywhere = { neg, abs, square, exp, expm1, erf, sin, cos, tan };
const aboveZero = { sqrt, rsqrt, reciprocal, log, log1p };

describeGradients(
  [
    ...Object.entries(everywhere).map(
      ([name, f]): GradientCase => [name, (x) => f(x!), () => [distinct([3, 5])]],
    ),
    ...Object.entries(aboveZero).map(
      ([name, f]): GradientCase => [name, (x) => f(add(x!, 2)), () => [distinct([3, 5])]],
    ),
    ['clipByValue', (x) => clipByValue(x!, -0.195, 0.285), () => [distinct([3, 5])]],
    ['a scalar', (x) => square(x!), () => [distinct([])]],
  ],
  registerGradients,
);

const slopes = (f: (x: Tensor) => Tensor, at: number[]) => [
  ...grad((x: Tensor) => sum(f(x)))(tensor1d(at)).dataSync(),
];

test('the gradient of |x| is 0 at 0, and of a clipped value 1 at the bounds', () => {
  registerGradients();
  expect(slopes(abs, [-2, 0, 2])).toEqual([-1, 0, 1]);
  expect(slopes((x) => clipByValue(x, -1, 1), [-2, -1, 0, 1, 2])).toEqual([0, 1, 1, 1, 0]);
});
