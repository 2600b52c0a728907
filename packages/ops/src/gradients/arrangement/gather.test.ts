import { backends, describeGradients, distinct, useBackend } from '@sshn-internal/testing';
import {
  gather,
  gatherND,
  grad,
  scatterND,
  sum,
  type Tensor,
  tensor1d,
  tensor2d,
  tensor3d,
  unsortedSegmentSum,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { registerGradients } from '../register.js';

const pairs = (...rows: number[][]) => tensor2d(rows, undefined, 'int32');

describeGradients(
  [
    ['gather rows', (x) => gather(x!, tensor1d([2, 0, 2], 'int32')), () => [distinct([3, 2])]],
    ['gather by a matrix', (x) => gather(x!, pairs([0, 2], [2, 2]), 1), () => [distinct([3, 4, 2])]],
    ['gather from the back', (x) => gather(x!, tensor1d([1, 1], 'int32'), -1), () => [distinct([2, 3])]],
    [
      'gather, one batch axis',
      (x) => gather(x!, pairs([0, 2], [2, 2]), 2, 1),
      () => [distinct([2, 3, 4, 2])],
    ],
    [
      'gather, two batch axes',
      (x) =>
        gather(
          x!,
          tensor3d(
            [
              [[0], [2]],
              [[2], [2]],
            ],
            undefined,
            'int32',
          ),
          2,
          2,
        ),
      () => [distinct([2, 2, 3])],
      // Stock wasm picks other entries in the forward pass.
      ['cpu'],
    ],
    ['gatherND', (x) => gatherND(x!, pairs([0, 2], [1, 1], [1, 1])), () => [distinct([2, 3, 4])]],
    [
      'unsortedSegmentSum, rows of no segment among them',
      (x) => unsortedSegmentSum(x!, tensor1d([1, -1, 1, 3], 'int32'), 3),
      () => [distinct([4, 2])],
      // Stock wasm lacks the kernel; @sshn/backend-wasm adds it.
      ['cpu'],
    ],
    ['scatterND', (x) => scatterND(pairs([0], [3], [3]), x!, [5, 2]), () => [distinct([3, 2])]],
  ],
  registerGradients,
);

describe.each(backends)('values on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('an entry that is picked three times gets three gradients', () => {
    const ids = tensor1d([1, 1, 0, 1], 'int32');
    const gradient = grad((x: Tensor) => sum(gather(x, ids)))(tensor1d([5, 6, 7]));
    expect([...gradient.dataSync()]).toEqual([1, 3, 0]);
  });
});
