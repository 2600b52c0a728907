import { describeGradients, distinct, type GradientCase } from '@sshn-internal/testing';
import { mirrorPad, pad, slice, type Tensor, tile } from '@tensorflow/tfjs-core';
import { registerGradients } from '../register.js';

const one = (name: string, f: (x: Tensor) => Tensor, shape: number[]): GradientCase => [
  name,
  (x) => f(x!),
  () => [distinct(shape)],
];

const mirrors = (['reflect', 'symmetric'] as const).flatMap((mode) => [
  one(
    `mirrorPad, ${mode}`,
    (x) =>
      mirrorPad(
        x,
        [
          [1, 2],
          [0, 1],
          [2, 0],
        ],
        mode,
      ),
    [3, 2, 4],
  ),
  one(`mirrorPad by all there is, ${mode}`, (x) => mirrorPad(x, [[2, 2]], mode), [3]),
]);

describeGradients(
  [
    one('slice', (x) => slice(x, [1, 0, 2], [1, -1, 2]), [2, 3, 5]),
    one('slice with one number', (x) => slice(x, 1), [3, 2]),
    one('slice of rank 5', (x) => slice(x, [0, 1, 0, 2], [1, -1, 2, 2]), [2, 3, 2, 5, 2]),
    one(
      'pad',
      (x) =>
        pad(
          x,
          [
            [1, 0],
            [0, 2],
          ],
          3,
        ),
      [3, 2],
    ),
    one(
      'pad of rank 5',
      (x) =>
        pad(x, [
          [0, 0],
          [0, 2],
          [1, 1],
          [0, 0],
          [0, 1],
        ]),
      [1, 2, 1, 3, 2],
    ),
    one('tile', (x) => tile(x, [2, 1, 3]), [3, 2, 2]),
    one('tile of rank 5', (x) => tile(x, [2, 1, 3, 1, 2]), [1, 2, 2, 1, 2]),
    ...mirrors,
  ],
  registerGradients,
);
