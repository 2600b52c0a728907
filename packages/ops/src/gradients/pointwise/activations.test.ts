import { describeGradients, distinct, type GradientCase } from '@sshn-internal/testing';
import {
  elu,
  grad,
  leakyRelu,
  logSoftmax,
  prelu,
  relu,
  relu6,
  selu,
  sigmoid,
  softmax,
  softplus,
  sum,
  type Tensor,
  tanh,
  tensor1d,
} from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { registerGradients } from '../register.js';

const activations = { sigmoid, tanh, softplus, relu, elu, selu, leakyRelu, softmax, logSoftmax };

describeGradients(
  [
    ...Object.entries(activations).map(
      ([name, f]): GradientCase => [name, (x) => f(x!), () => [distinct([3, 5], { gap: 0.2 })]],
    ),
    ['relu6', (x) => relu6(x!), () => [distinct([3, 5], { gap: 0.9 })]],
    ['leakyRelu of slope 0.3', (x) => leakyRelu(x!, 0.3), () => [distinct([2, 1, 3])]],
    [
      'prelu, one slope per channel',
      (x, alpha) => prelu(x!, alpha!),
      () => [distinct([3, 5]), distinct([5])],
    ],
    [
      'prelu, one slope per row',
      (x, alpha) => prelu(x!, alpha!),
      () => [distinct([3, 2]), distinct([3, 1])],
      // Stock wasm reads the slopes as one per channel.
      ['cpu'],
    ],
  ],
  registerGradients,
);

describe('values', () => {
  const slopes = (f: (x: Tensor) => Tensor, at: number[]) => [
    ...grad((x: Tensor) => sum(f(x)))(tensor1d(at)).dataSync(),
  ];

  test('kinks take the slope from the left', () => {
    registerGradients();
    expect(slopes(relu, [-1, 0, 1])).toEqual([0, 0, 1]);
    expect(slopes(relu6, [0, 3, 7])).toEqual([0, 1, 0]);
    expect(slopes((x) => leakyRelu(x, 0.25), [-1, 0, 1])).toEqual([0.25, 0.25, 1]);
  });

  test('activations saturate without NaN', () => {
    registerGradients();
    for (const f of [sigmoid, tanh, softplus, elu, selu]) {
      for (const slope of slopes(f, [-200, 200])) expect(Number.isFinite(slope)).toBe(true);
    }
  });
});
