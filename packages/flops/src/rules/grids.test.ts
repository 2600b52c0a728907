/** Pooling, resizing and other changes of the grid, counted by hand. */
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { image, runKernel as kernel, pool, type RuleCase, volume, workOf } from '../testing/rule-case.js';

const cases: readonly RuleCase[] = [
  {
    name: 'maxPool',
    f: (x) => tf.maxPool(x as tf.Tensor4D, [3, 2], 2, 'same'),
    shapes: [image],
    elementwise: 72 * 6,
  },
  {
    name: 'avgPool',
    f: (x) => tf.avgPool(x as tf.Tensor4D, 2, 2, 'same'),
    shapes: [image],
    elementwise: 72 * 4,
  },
  {
    name: 'maxPool3d',
    f: (x) => tf.maxPool3d(x as tf.Tensor5D, 2, 2, 'same'),
    shapes: [volume],
    elementwise: 48 * 8,
  },
  {
    name: 'MaxPoolGrad',
    f: kernel('MaxPoolGrad', ['dy', 'input', 'output'], pool),
    shapes: [[2, 3, 4, 3], image, [2, 3, 4, 3]],
    elementwise: 72 * 4,
  },
  {
    name: 'AvgPool3DGrad',
    f: kernel('AvgPool3DGrad', ['dy', 'input'], pool),
    shapes: [[1, 2, 3, 4, 2], volume],
    elementwise: 48 * 8,
  },
  {
    name: 'resizeBilinear: 2 passes of 2',
    f: (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [3, 5]),
    shapes: [image],
    elementwise: 90 * 4,
  },
  {
    name: 'ResizeBilinearGrad',
    f: kernel('ResizeBilinearGrad', ['images', 'dy']),
    shapes: [image, [2, 3, 5, 3]],
    elementwise: 90 * 4,
  },
  {
    name: 'ResizeNearestNeighborGrad',
    f: kernel('ResizeNearestNeighborGrad', ['images', 'dy']),
    shapes: [image, [2, 3, 5, 3]],
    elementwise: 90,
  },
  {
    name: 'resizeNearestNeighbor',
    f: (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [3, 5]),
    shapes: [image],
  },
  ...(['bilinear', 'nearest'] as const).flatMap((method): RuleCase[] => [
    {
      name: `transform, ${method}`,
      f: (x) => tf.image.transform(x as tf.Tensor4D, tf.tensor2d([[1, 0, 0, 0, 1, 0, 0, 0]]), method),
      shapes: [image],
      elementwise: method === 'nearest' ? 0 : 288 * 4,
    },
    {
      name: `cropAndResize, ${method}`,
      f: (x) =>
        tf.image.cropAndResize(
          x as tf.Tensor4D,
          tf.tensor2d([[0, 0, 1, 1]]),
          tf.tensor1d([0], 'int32'),
          [3, 5],
          method,
        ),
      shapes: [image],
      elementwise: method === 'nearest' ? 0 : 45 * 4,
    },
  ]),
  {
    name: 'SshnResize, 2D',
    f: kernel('SshnResize', ['x'], { size: [3, 5] }),
    shapes: [image],
    elementwise: 90 * 4,
  },
  {
    name: 'SshnResize, 3D',
    f: kernel('SshnResize', ['x'], { size: [2, 3, 5] }),
    shapes: [volume],
    elementwise: 60 * 6,
  },
  {
    name: 'SshnResizeGrad',
    f: kernel('SshnResizeGrad', ['dy'], { inputSize: [3, 5] }),
    shapes: [image],
    elementwise: 288 * 4,
  },
  ...(['linear', 'nearest'] as const).flatMap((interpolation): RuleCase[] => {
    const isLinear = interpolation === 'linear' ? 1 : 0;
    return [
      {
        name: `SshnWarp, 2D, ${interpolation}: a product and a sum for each of 4 pixels`,
        f: kernel('SshnWarp', ['image', 'field'], { interpolation }),
        shapes: [image, [2, 6, 8, 2]],
        elementwise: isLinear * 288 * 8,
      },
      {
        name: `SshnWarp, 3D, ${interpolation}: of 8 voxels`,
        f: kernel('SshnWarp', ['image', 'field'], { interpolation }),
        shapes: [volume, [1, 4, 6, 8, 3]],
        elementwise: isLinear * 384 * 16,
      },
      {
        name: `SshnWarpGradImage, ${interpolation}`,
        f: kernel('SshnWarpGradImage', ['dy', 'field'], { interpolation, inputSize: [9, 9] }),
        shapes: [image, [2, 6, 8, 2]],
        elementwise: isLinear * 288 * 8,
      },
      {
        name: `SshnWarpGradField, ${interpolation}: a sum over channels, then one per axis`,
        f: kernel('SshnWarpGradField', ['dy', 'image', 'field'], { interpolation }),
        shapes: [image, image, [2, 6, 8, 2]],
        elementwise: isLinear * (288 + 192) * 8,
      },
    ];
  }),
];

test.each(cases)('$name', (use) => {
  const { macs = 0, elementwise = 0 } = use;
  expect(workOf(use)).toEqual({ macs, flops: 2 * macs + elementwise });
});
