import { backends, describeGradients, distinct, type GradientCase, useBackend } from '@sshn-internal/testing';
import {
  conv2d,
  conv2dTranspose,
  conv3d,
  conv3dTranspose,
  grads,
  sum,
  type Tensor,
  type Tensor4D,
  type Tensor5D,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { registerGradients } from '../register.js';

type Padding = 'same' | 'valid' | number | [[0, 0], [number, number], [number, number], [0, 0]];
interface Layout {
  pad: Padding;
  stride?: number;
  dilation?: number;
}

const layouts: Layout[] = [
  { pad: 'same' },
  { pad: 'valid' },
  { pad: 'same', dilation: 2 },
  { pad: 'same', stride: 2 },
  { pad: 'valid', stride: 2 },
  { pad: 'same', stride: 3 },
  { pad: 2 },
  { pad: 1, stride: 2 },
  {
    pad: [
      [0, 0],
      [2, 0],
      [0, 1],
      [0, 0],
    ],
  },
];
const images = [
  [5, 4],
  [3, 3],
  [1, 7],
] as const;
const kernels = [
  [3, 3],
  [1, 1],
  [2, 4],
  [1, 3],
] as const;

const planar = images.flatMap(([height, width]) =>
  kernels.flatMap(([kernelHeight, kernelWidth]) =>
    layouts
      // tfjs computes the size of a number's padding from the kernel's height alone.
      .filter(({ pad }) => typeof pad !== 'number' || kernelHeight === kernelWidth)
      // Stock wasm reads beyond the image where a stride exceeds one edge of the kernel only.
      .filter(({ stride = 1 }) => stride < 3 || kernelHeight === kernelWidth)
      .filter(({ pad }) => pad !== 'valid' || (height >= kernelHeight && width >= kernelWidth))
      .map(
        ({ pad, stride = 1, dilation = 1 }): GradientCase => [
          `conv2d ${height}×${width}, kernel ${kernelHeight}×${kernelWidth}, stride ${stride}, dilation ${dilation}, pad ${pad}`,
          (x, kernel) =>
            conv2d(
              x as Tensor4D,
              kernel as Tensor4D,
              stride,
              pad,
              'NHWC',
              dilation,
              typeof pad === 'number' ? 'floor' : undefined,
            ),
          () => [distinct([2, height, width, 2]), distinct([kernelHeight, kernelWidth, 2, 3])],
        ],
      ),
  ),
);

const spatial = [
  [3, 3, 3],
  [1, 1, 1],
  [1, 2, 3],
].flatMap((kernel) =>
  (
    [
      { pad: 'same' },
      { pad: 'valid' },
      { pad: 'same', dilation: 2 },
      { pad: 'same', stride: 2 },
      { pad: 'valid', stride: 2 },
    ] as const
  ).map(
    ({
      pad,
      stride = 1,
      dilation = 1,
    }: {
      pad: 'same' | 'valid';
      stride?: number;
      dilation?: number;
    }): GradientCase => [
      `conv3d, kernel ${kernel.join('×')}, stride ${stride}, dilation ${dilation}, pad ${pad}`,
      (x, w) => conv3d(x as Tensor5D, w as Tensor5D, stride, pad, 'NDHWC', dilation),
      () => [distinct([2, 3, 4, 3, 1]), distinct([...kernel, 1, 2])],
    ],
  ),
);

const transposed = (
  [
    [1, 'same', 3, 4],
    [1, 'valid', 5, 6],
    [2, 'same', 6, 8],
    [2, 'valid', 7, 9],
  ] as const
).map(
  ([stride, pad, height, width]): GradientCase => [
    `conv2dTranspose, stride ${stride}, pad ${pad}`,
    (x, kernel) => conv2dTranspose(x as Tensor4D, kernel as Tensor4D, [2, height, width, 2], stride, pad),
    () => [distinct([2, 3, 4, 3]), distinct([3, 3, 2, 3])],
  ],
);

describeGradients(
  [
    ...planar,
    ...spatial,
    ...transposed,
    [
      'conv3dTranspose',
      (x, kernel) => conv3dTranspose(x as Tensor5D, kernel as Tensor5D, [1, 4, 4, 6, 2], 2, 'same'),
      () => [distinct([1, 2, 2, 3, 1]), distinct([3, 3, 3, 2, 1])],
      // The forward kernel of stock wasm is wrong for strides.
      ['cpu'],
    ],
    [
      'conv2d, channels first',
      (x, kernel) => conv2d(x as Tensor4D, kernel as Tensor4D, 1, 'same', 'NCHW'),
      () => [distinct([2, 2, 4, 3]), distinct([3, 3, 2, 3])],
      ['cpu'],
    ],
  ],
  registerGradients,
);

describe.each(backends)('values on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('the gradient to a 1×1 image is the middle of the kernel', () => {
    const kernel = distinct([3, 3, 1, 1]) as Tensor4D;
    const x = distinct([1, 1, 1, 1]) as Tensor4D;
    const [dx, dKernel] = grads((x: Tensor, kernel: Tensor) =>
      sum(conv2d(x as Tensor4D, kernel as Tensor4D, 1, 'same')),
    )([x, kernel]);
    expect(dx!.dataSync()[0]).toBe(kernel.dataSync()[4]);
    expect([...dKernel!.dataSync()]).toEqual([0, 0, 0, 0, x.dataSync()[0], 0, 0, 0, 0]);
  });
});
