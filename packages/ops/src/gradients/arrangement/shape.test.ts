import { describeGradients, distinct, type GradientCase } from '@sshn-internal/testing';
import {
  batchToSpaceND,
  broadcastTo,
  cast,
  clone,
  concat,
  depthToSpace,
  expandDims,
  greater,
  reshape,
  reverse,
  spaceToBatchND,
  split,
  squeeze,
  stack,
  type Tensor,
  type Tensor4D,
  transpose,
  unstack,
  where,
} from '@tensorflow/tfjs-core';
import { registerGradients } from '../register.js';

const one = (name: string, f: (x: Tensor) => Tensor, shape: number[]): GradientCase => [
  name,
  (x) => f(x!),
  () => [distinct(shape)],
];

const two = (name: string, f: (x: Tensor, y: Tensor) => Tensor, a: number[], b: number[]): GradientCase => [
  name,
  (x, y) => f(x!, y!),
  () => [distinct(a, { gap: 0.2 }), distinct(b, { gap: 0.2, offset: 0.1, seed: 2 })],
];

describeGradients(
  [
    one('reshape', (x) => reshape(x, [4, -1]), [2, 3, 4]),
    one('expandDims', (x) => expandDims(x, 1), [2, 3]),
    one('squeeze', (x) => squeeze(x), [2, 1, 4]),
    one('clone', (x) => clone(x), [3]),
    one('cast', (x) => cast(x, 'float32'), [3]),
    one('broadcastTo', (x) => broadcastTo(x, [2, 3, 4]), [3, 1]),
    one('transpose of rank 2', (x) => transpose(x), [2, 3]),
    one('transpose of rank 5', (x) => transpose(x, [2, 0, 4, 3, 1]), [2, 3, 4, 1, 2]),
    one('reverse', (x) => reverse(x, [0, -1]), [3, 2, 3]),
    one('split, the second part', (x) => split(x, [1, 3], 1)[1]!, [2, 4]),
    one('split, one part', (x) => split(x, [4], -1)[0]!, [2, 4]),
    one('unstack, one of three', (x) => unstack(x, 1)[1]!, [2, 3]),
    one('unstack, the only one', (x) => unstack(x, 0)[0]!, [1, 3]),
    one('stack of one', (x) => stack([x], 0), [2, 3]),
    one(
      'spaceToBatchND',
      (x) =>
        spaceToBatchND(
          x,
          [2, 2],
          [
            [0, 1],
            [1, 0],
          ],
        ),
      [1, 3, 5, 2],
    ),
    one(
      'batchToSpaceND',
      (x) =>
        batchToSpaceND(
          x,
          [2, 2],
          [
            [0, 1],
            [1, 0],
          ],
        ),
      [4, 2, 3, 2],
    ),
    one('depthToSpace', (x) => depthToSpace(x as Tensor4D, 2), [2, 2, 3, 8]),
    two('stack, twice the same', (x, y) => stack([x, y, x], 1), [2, 3], [2, 3]),
    two('concat along the last but one', (x, y) => concat([x, y, x], -2), [2, 3, 4], [2, 1, 4]),
    two('where, broadcast', (x, y) => where(greater(x, y), x, y), [3, 2, 3], [3]),
  ],
  registerGradients,
);
