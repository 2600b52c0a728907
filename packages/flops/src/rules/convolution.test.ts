/** Convolutions and their gradients, counted by hand. */
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { image, runKernel as kernel, type RuleCase, same, volume, workOf } from '../testing/rule-case.js';

const cases: readonly RuleCase[] = [
  // 2 · 6 · 8 positions, 3 · 3 · 3 · 4 weights
  {
    name: 'conv2d',
    f: (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'),
    shapes: [image, [3, 3, 3, 4]],
    macs: 10_368,
  },
  {
    name: 'conv2d, stride 2',
    f: (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, 'same'),
    shapes: [image, [3, 3, 3, 4]],
    macs: 2 * 3 * 4 * 108,
  },
  {
    name: 'conv2d, valid',
    f: (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'valid'),
    shapes: [image, [3, 3, 3, 4]],
    macs: 2 * 4 * 6 * 108,
  },
  {
    name: 'fused conv2d: bias and activation, an operation per output each',
    f: (x, w, bias) =>
      tf.fused.conv2d({
        x: x as tf.Tensor4D,
        filter: w as tf.Tensor4D,
        strides: 1,
        pad: 'same',
        bias: bias!,
        activation: 'relu',
      }),
    shapes: [image, [3, 3, 3, 4], [4]],
    macs: 10_368,
    elementwise: 2 * (2 * 6 * 8 * 4),
  },
  // the input of the transposed convolution has 2 · 6 · 8 positions
  {
    name: 'conv2dTranspose',
    f: (x, w) => tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, [2, 12, 16, 4], 2, 'same'),
    shapes: [image, [3, 3, 4, 3]],
    macs: 10_368,
  },
  {
    name: 'Conv2DBackpropFilter',
    f: kernel('Conv2DBackpropFilter', ['x', 'dy'], { ...same, filterShape: [3, 3, 3, 4] }),
    shapes: [image, [2, 6, 8, 4]],
    macs: 10_368,
  },
  {
    name: 'depthwiseConv2d',
    f: (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'),
    shapes: [image, [3, 3, 3, 2]],
    macs: 2 * 6 * 8 * 6 * 9,
  },
  {
    name: 'DepthwiseConv2dNativeBackpropInput',
    f: kernel('DepthwiseConv2dNativeBackpropInput', ['dy', 'filter'], { ...same, inputShape: image }),
    shapes: [
      [2, 6, 8, 6],
      [3, 3, 3, 2],
    ],
    macs: 5184,
  },
  {
    name: 'DepthwiseConv2dNativeBackpropFilter',
    f: kernel('DepthwiseConv2dNativeBackpropFilter', ['x', 'dy'], { ...same, filterShape: [3, 3, 3, 2] }),
    shapes: [image, [2, 6, 8, 6]],
    macs: 5184,
  },
  {
    name: 'conv3d',
    f: (x, w) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, 1, 'same'),
    shapes: [volume, [3, 3, 3, 2, 5]],
    macs: 192 * 27 * 10,
  },
  {
    name: 'Conv3DBackpropInputV2',
    f: kernel('Conv3DBackpropInputV2', ['dy', 'filter'], { ...same, inputShape: volume }),
    shapes: [
      [1, 4, 6, 8, 5],
      [3, 3, 3, 2, 5],
    ],
    macs: 51_840,
  },
  {
    name: 'Conv3DBackpropFilterV2',
    f: kernel('Conv3DBackpropFilterV2', ['x', 'dy'], { ...same, filterShape: [3, 3, 3, 2, 5] }),
    shapes: [volume, [1, 4, 6, 8, 5]],
    macs: 51_840,
  },
  {
    name: 'dilation2d',
    f: (x, w) => tf.dilation2d(x as tf.Tensor4D, w as tf.Tensor3D, 1, 'same'),
    shapes: [image, [3, 3, 3]],
    elementwise: 288 * 9 * 2,
  },
  {
    name: 'Dilation2DBackpropInput',
    f: kernel('Dilation2DBackpropInput', ['x', 'filter', 'dy'], same),
    shapes: [image, [3, 3, 3], image],
    elementwise: 288 * 9 * 2,
  },
  {
    name: 'SshnConv',
    f: kernel('SshnConv', ['x', 'kernel', 'bias'], { slope: 1 }),
    shapes: [image, [3, 3, 3, 4], [4]],
    macs: 10_368,
    elementwise: 384,
  },
  {
    name: 'SshnConv with LeakyReLU',
    f: kernel('SshnConv', ['x', 'kernel', 'bias'], { slope: 0.1 }),
    shapes: [image, [3, 3, 3, 4], [4]],
    macs: 10_368,
    elementwise: 768,
  },
  {
    name: 'SshnConvGradInput',
    f: kernel('SshnConvGradInput', ['dy', 'kernel']),
    shapes: [
      [2, 6, 8, 4],
      [3, 3, 3, 4],
    ],
    macs: 10_368,
  },
  {
    name: 'SshnConvGradKernel',
    f: kernel('SshnConvGradKernel', ['x', 'dy'], { kernelSize: [3, 3] }),
    shapes: [image, [2, 6, 8, 4]],
    macs: 10_368,
  },
  { name: 'SshnConvGradBias', f: kernel('SshnConvGradBias', ['dy']), shapes: [image], elementwise: 288 },
];

test.each(cases)('$name', (use) => {
  const { macs = 0, elementwise = 0 } = use;
  expect(workOf(use)).toEqual({ macs, flops: 2 * macs + elementwise });
});
