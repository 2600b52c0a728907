import { backends, describeGradients, distinct, type GradientCase, useBackend } from '@sshn-internal/testing';
import {
  avgPool,
  avgPool3d,
  grad,
  maxPool,
  maxPool3d,
  sum,
  type Tensor,
  type Tensor4D,
  type Tensor5D,
  tensor4d,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { registerGradients } from '../register.js';
import { maximumPool } from './pooling.js';

const windows = [
  [2, 2],
  [3, 2],
  [3, 1],
  [1, 2],
  [2, 3],
] as const;

const planar = Object.entries({ maxPool, avgPool }).flatMap(([name, pool]) =>
  (['same', 'valid', 1] as const).flatMap((pad) =>
    windows
      .filter(([window]) => pad !== 1 || window > 1)
      .map(
        ([window, stride]): GradientCase => [
          `${name}, window ${window}, stride ${stride}, pad ${pad}`,
          (x) => pool(x as Tensor4D, window, stride, pad, pad === 1 ? 'floor' : undefined),
          () => [distinct([2, 5, 4, 2])],
        ],
      ),
  ),
);

const spatial = Object.entries({ maxPool3d, avgPool3d }).flatMap(([name, pool]) =>
  (['same', 'valid'] as const).flatMap((pad) =>
    windows.map(
      ([window, stride]): GradientCase => [
        `${name}, window ${window}, stride ${stride}, pad ${pad}`,
        (x) => pool(x as Tensor5D, window, stride, pad),
        // Stock wasm has the maximum of negative numbers wrong in 3D.
        () => [distinct([1, 3, 5, 4, 2], { offset: 5 })],
      ],
    ),
  ),
);

describeGradients(
  [
    ...planar,
    ...spatial,
    [
      'avgPool, window 2×3',
      (x) => avgPool(x as Tensor4D, [2, 3], [1, 2], 'same'),
      () => [distinct([1, 4, 5, 1])],
    ],
  ],
  registerGradients,
);

describe.each(backends)('values on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  const slopes = (f: (x: Tensor4D) => Tensor, rows: number[]) => [
    ...grad((x: Tensor) => sum(f(x as Tensor4D)))(tensor4d(rows, [1, 1, rows.length, 1])).dataSync(),
  ];

  test('the average of a window at the border counts only what lies inside', () => {
    expect(slopes((x) => avgPool(x, [1, 2], [1, 2], 'same'), [3, 4, 5])).toEqual([0.5, 0.5, 1]);
  });

  test('ties within a window share', () => {
    expect(slopes((x) => maxPool(x, [1, 2], [1, 2], 'valid'), [0, 0, 1, 2])).toEqual([0.5, 0.5, 0, 1]);
  });
});

describe('maximumPool', () => {
  beforeAll(() => useBackend('cpu'));

  test.each([
    { filterSize: 2, strides: 2, pad: 'same' },
    { filterSize: 3, strides: 1, pad: 'valid' },
    { filterSize: 1, strides: 2, pad: 'same' },
    { filterSize: 3, strides: 2, pad: 'same' },
  ] as const)('is max pooling, window $filterSize, stride $strides, pad $pad', (layout) => {
    const { filterSize, strides, pad } = layout;
    const [image, volume] = [distinct([2, 5, 4, 2]) as Tensor4D, distinct([1, 3, 5, 4, 2]) as Tensor5D];
    const planar = maxPool(image, filterSize, strides, pad);
    const spatial = maxPool3d(volume, filterSize, strides, pad);
    expect(maximumPool(image, layout).arraySync()).toEqual(planar.arraySync());
    expect(maximumPool(volume, layout).arraySync()).toEqual(spatial.arraySync());
  });
});
