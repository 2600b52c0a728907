import { describeGradients, distinct, type GradientCase } from '@sshn-internal/testing';
import { depthwiseConv2d, separableConv2d, type Tensor4D } from '@tensorflow/tfjs-core';
import { registerGradients } from '../register.js';

const layouts = [
  { pad: 'same', stride: 1, dilation: 1 },
  { pad: 'valid', stride: 1, dilation: 1 },
  { pad: 'same', stride: 2, dilation: 1 },
  { pad: 'valid', stride: 2, dilation: 1 },
  { pad: 'same', stride: 1, dilation: 2 },
] as const;

const cases = layouts.flatMap(({ pad, stride, dilation }) =>
  [1, 2].map(
    (multiplier): GradientCase => [
      `depthwiseConv2d, ${multiplier} per channel, stride ${stride}, dilation ${dilation}, pad ${pad}`,
      (x, kernel) =>
        depthwiseConv2d(x as Tensor4D, kernel as Tensor4D, stride, pad, 'NHWC', [dilation, dilation]),
      () => [distinct([2, 5, 4, 2]), distinct([3, 3, 2, multiplier])],
    ],
  ),
);

describeGradients(
  [
    ...cases,
    [
      'depthwiseConv2d of one pixel',
      (x, kernel) => depthwiseConv2d(x as Tensor4D, kernel as Tensor4D, 1, 'same'),
      () => [distinct([1, 1, 1, 3]), distinct([3, 3, 3, 1])],
    ],
    [
      'separableConv2d',
      (x, depthwise, pointwise) =>
        separableConv2d(x as Tensor4D, depthwise as Tensor4D, pointwise as Tensor4D, 1, 'same'),
      () => [distinct([1, 4, 3, 2]), distinct([3, 3, 2, 2]), distinct([1, 1, 4, 3])],
    ],
  ],
  registerGradients,
);
