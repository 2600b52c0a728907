import { registerGradients } from '@sshn/ops';
import { describeGradients, distinct, type GradientCase } from '@sshn-internal/testing';
import {
  avgPool,
  conv2d,
  conv2dTranspose,
  conv3d,
  conv3dTranspose,
  depthwiseConv2d,
  gather,
  image,
  matMul,
  maxPool,
  maxPool3d,
  type Tensor4D,
  type Tensor5D,
  tensor1d,
  unsortedSegmentSum,
} from '@tensorflow/tfjs-core';
import { describe } from 'vitest';
import { useFastWasm } from './index.js';

const planar = (
  [
    [[5, 4], [3, 3], 1, 'same', 1],
    [[5, 4], [3, 3], 1, 'valid', 1],
    [[5, 4], [3, 3], 1, 'same', 2],
    [[5, 4], [3, 3], 2, 'same', 1],
    [[7, 6], [3, 3], 3, 'valid', 1],
    [[1, 7], [1, 3], 1, 'same', 1],
    [[3, 3], [5, 5], 1, 'same', 1],
    [[2, 2], [2, 2], 2, 'valid', 1],
    [[1, 1], [1, 1], 1, 'same', 1],
  ] as const
).map(
  ([size, kernel, stride, pad, dilation]): GradientCase => [
    `conv2d ${size.join('×')}, kernel ${kernel.join('×')}, stride ${stride}, pad ${pad}, dilation ${dilation}`,
    (x, w) => conv2d(x as Tensor4D, w as Tensor4D, stride, pad, 'NHWC', dilation),
    () => [distinct([2, ...size, 2]), distinct([...kernel, 2, 3])],
    ['wasm'],
  ],
);

const others: Array<[string, GradientCase[1], GradientCase[2]]> = [
  [
    'conv2dTranspose',
    (x, w) => conv2dTranspose(x as Tensor4D, w as Tensor4D, [2, 6, 8, 2], 2, 'same'),
    () => [distinct([2, 3, 4, 3]), distinct([3, 3, 2, 3])],
  ],
  [
    'depthwiseConv2d',
    (x, w) => depthwiseConv2d(x as Tensor4D, w as Tensor4D, 2, 'same'),
    () => [distinct([2, 5, 4, 2]), distinct([3, 3, 2, 2])],
  ],
  [
    'conv3d',
    (x, w) => conv3d(x as Tensor5D, w as Tensor5D, 1, 'same'),
    () => [distinct([2, 3, 4, 3, 1]), distinct([3, 3, 3, 1, 2])],
  ],
  [
    'conv3d, stride 2',
    (x, w) => conv3d(x as Tensor5D, w as Tensor5D, 2, 'valid'),
    () => [distinct([1, 5, 4, 5, 2]), distinct([3, 2, 3, 2, 2])],
  ],
  [
    'conv3dTranspose',
    (x, w) => conv3dTranspose(x as Tensor5D, w as Tensor5D, [1, 4, 4, 6, 2], 2, 'same'),
    () => [distinct([1, 2, 2, 3, 1]), distinct([3, 3, 3, 2, 1])],
  ],
  ['maxPool', (x) => maxPool(x as Tensor4D, 3, 2, 'same'), () => [distinct([2, 5, 4, 2])]],
  ['maxPool3d', (x) => maxPool3d(x as Tensor5D, 2, 2, 'same'), () => [distinct([1, 3, 5, 4, 2])]],
  ['avgPool', (x) => avgPool(x as Tensor4D, 3, 2, 'same'), () => [distinct([2, 5, 4, 2])]],
  ['matMul', (a, b) => matMul(a!, b!, true, true), () => [distinct([2, 1, 3, 2]), distinct([3, 4, 3])]],
  ['gather', (x) => gather(x!, tensor1d([1, 0, 1], 'int32'), 1), () => [distinct([2, 2, 3])]],
  [
    'unsortedSegmentSum',
    (x) => unsortedSegmentSum(x!, tensor1d([1, 0, 1], 'int32'), 2),
    () => [distinct([3, 2])],
  ],
  [
    'resizeBilinear',
    (x) => image.resizeBilinear(x as Tensor4D, [3, 7], false, true),
    () => [distinct([2, 5, 4, 2])],
  ],
];

const cases = [...planar, ...others.map((other): GradientCase => [...other, ['wasm']])];

describe.each([
  { kernels: 'composed', options: { native: false } },
  { kernels: 'compiled', options: { threads: 1 } },
])('$kernels kernels', ({ options }) => {
  describeGradients(cases, async () => {
    registerGradients();
    await useFastWasm(options);
  });
});
