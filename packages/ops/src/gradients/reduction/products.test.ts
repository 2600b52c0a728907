import { backends, describeGradients, distinct, type GradientCase, useBackend } from '@sshn-internal/testing';
import { grads, matMul, sum, type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { registerGradients } from '../register.js';

const shapes: Array<[a: number[], b: number[]]> = [
  [
    [2, 3],
    [3, 4],
  ],
  [
    [1, 1],
    [1, 1],
  ],
  [
    [2, 2, 3],
    [2, 3, 4],
  ],
  [
    [1, 2, 3],
    [3, 3, 4],
  ],
  [
    [2, 3, 2, 3],
    [3, 4],
  ],
];
const flipped = (shape: number[]) => [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!];

describeGradients(
  [false, true].flatMap((transposeA) =>
    [false, true].flatMap((transposeB) =>
      shapes.map(
        ([a, b]): GradientCase => [
          `[${a}]${transposeA ? 'ᵀ' : ''} · [${b}]${transposeB ? 'ᵀ' : ''}`,
          (x, y) => matMul(x!, y!, transposeA, transposeB),
          () => [distinct(transposeA ? flipped(a) : a), distinct(transposeB ? flipped(b) : b, { seed: 2 })],
        ],
      ),
    ),
  ),
  registerGradients,
);

describe.each(backends)('values on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('the gradients of a sum are the sums of the other factor', () => {
    const a = tensor2d([
      [1, 2],
      [3, 4],
    ]);
    const b = tensor2d([
      [5, 6],
      [7, 8],
    ]);
    const [da, db] = grads((a: Tensor, b: Tensor) => sum(matMul(a, b)))([a, b]);
    expect(da!.arraySync()).toEqual([
      [11, 15],
      [11, 15],
    ]);
    expect(db!.arraySync()).toEqual([
      [4, 4],
      [6, 6],
    ]);
  });
});
