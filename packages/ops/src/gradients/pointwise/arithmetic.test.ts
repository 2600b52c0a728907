import { describeGradients, distinct, type GradientCase } from '@sshn-internal/testing';
import '@tensorflow/tfjs-backend-cpu';
import {
  add,
  addN,
  div,
  grads,
  maximum,
  minimum,
  mod,
  mul,
  pow,
  squaredDifference,
  sub,
  sum,
  type Tensor,
  tensor1d,
} from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { registerGradients } from '../register.js';

const functions: Array<[string, (a: Tensor, b: Tensor) => Tensor]> = [
  ['add', (a, b) => add(a, b)],
  ['sub', (a, b) => sub(a, b)],
  ['mul', (a, b) => mul(a, b)],
  ['div', (a, b) => div(a, add(b, 3))],
  ['mod', (a, b) => mod(a, add(b, 4))],
  ['pow', (a, b) => pow(add(a, 3), b)],
  ['maximum', (a, b) => maximum(a, b)],
  ['minimum', (a, b) => minimum(a, b)],
  ['squaredDifference', (a, b) => squaredDifference(a, b)],
];

const shapes: Array<[a: number[], b: number[]]> = [
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], []],
  [[3], [2, 1, 3]],
  [
    [2, 1, 3],
    [4, 1],
  ],
];

describeGradients(
  [
    ...functions.flatMap(([name, f]) =>
      shapes.map(
        ([a, b]): GradientCase => [
          `${name} of [${a}] and [${b}]`,
          f as GradientCase[1],
          () => [distinct(a, { gap: 0.2 }), distinct(b, { gap: 0.2, offset: 0.1, seed: 2 })],
        ],
      ),
    ),
    ['addN', (a, b) => addN([a!, b!, a!]), () => [distinct([2, 3]), distinct([2, 3], { seed: 2 })]],
  ],
  registerGradients,
);

const at = (f: (a: Tensor, b: Tensor) => Tensor, a: number[], b: number[]) =>
  grads((x: Tensor, y: Tensor) => sum(f(x, y)))([tensor1d(a), tensor1d(b)]).map((g) => [...g.dataSync()]);

test('ties of maximum and minimum go to the first argument', () => {
  registerGradients();
  expect(at(maximum, [1, 2, 3], [3, 2, 1])).toEqual([
    [0, 1, 1],
    [1, 0, 0],
  ]);
  expect(at(minimum, [1, 2, 3], [3, 2, 1])).toEqual([
    [1, 1, 0],
    [0, 0, 1],
  ]);
});

test('powers have finite gradients where the base is not positive', () => {
  registerGradients();
  expect(at(pow, [0, 0, -2], [0, 2, 3])).toEqual(
    [
      [0, 0, 12],
      [0, 0, 0],
    ].map((row) => row.map((x) => expect.closeTo(x, 5))),
  );
});
