/** The cost of every kernel, on shapes small enough to count by hand: 120 elements in 2 × 3 × 4 × 5 and the like. */
import { knownKernels } from '@sshn/trace';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { countFlops } from '../index.js';
import { flopRule } from './registry.js';

type T = tf.Tensor;

interface Case {
  readonly name: string;
  readonly f: (...x: T[]) => unknown;
  readonly shapes: readonly (readonly number[])[];
  readonly macs?: number;
  readonly elementwise?: number;
}

const kernel =
  (name: string, inputs: readonly string[], attributes: object = {}) =>
  (...x: T[]) =>
    tf
      .engine()
      .runKernel(
        name,
        Object.fromEntries(inputs.map((key, i) => [key, x[i]!])),
        attributes as tf.NamedAttrMap,
      );

const image = [2, 6, 8, 3];
const volume = [1, 4, 6, 8, 2];
const same = { strides: 1, pad: 'same', dataFormat: 'NHWC', dilations: 1 };
const pool = { filterSize: 2, strides: 2, pad: 'same' };

const cases: readonly Case[] = [
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
    name: 'matMul',
    f: (a, b) => tf.matMul(a!, b!),
    shapes: [
      [4, 6],
      [6, 3],
    ],
    macs: 72,
  },
  {
    name: 'matMul, both transposed',
    f: (a, b) => tf.matMul(a!, b!, true, true),
    shapes: [
      [6, 4],
      [3, 6],
    ],
    macs: 72,
  },
  {
    name: 'matMul, batched',
    f: (a, b) => tf.matMul(a!, b!),
    shapes: [
      [5, 4, 6],
      [5, 6, 3],
    ],
    macs: 360,
  },
  {
    name: 'fused matMul',
    f: (a, b, bias) => tf.fused.matMul({ a: a!, b: b!, bias: bias! }),
    shapes: [[4, 6], [6, 3], [3]],
    macs: 72,
    elementwise: 12,
  },
  {
    name: 'einsum of two',
    f: (a, b) => tf.einsum('bij,jk->bik', a!, b!),
    shapes: [
      [5, 4, 6],
      [6, 3],
    ],
    macs: 360,
  },
  { name: 'einsum of one', f: (a) => tf.einsum('ij->j', a!), shapes: [[5, 4]], elementwise: 20 },

  { name: 'relu', f: (x) => tf.relu(x!), shapes: [image], elementwise: 288 },
  { name: 'add, broadcast', f: (a, b) => tf.add(a!, b!), shapes: [[3, 1], [4]], elementwise: 12 },
  { name: 'addN', f: (...x) => tf.addN(x), shapes: [[5], [5], [5]], elementwise: 10 },
  {
    name: 'squaredDifference',
    f: (a, b) => tf.squaredDifference(a!, b!),
    shapes: [[5], [5]],
    elementwise: 10,
  },
  { name: 'EluGrad', f: kernel('EluGrad', ['dy', 'y']), shapes: [[5], [5]], elementwise: 10 },
  { name: 'where', f: (a, b) => tf.where(tf.greater(a!, 0), a!, b!), shapes: [[5], [5]], elementwise: 10 },
  { name: 'prelu', f: (x, a) => tf.prelu(x!, a!), shapes: [[2, 5], [5]], elementwise: 10 },

  { name: 'sum', f: (x) => tf.sum(x!, 1), shapes: [[4, 5]], elementwise: 20 },
  { name: 'mean: a division per result', f: (x) => tf.mean(x!, 1), shapes: [[4, 5]], elementwise: 24 },
  { name: 'max', f: (x) => tf.max(x!, 1), shapes: [[4, 5]], elementwise: 20 },
  { name: 'cumsum', f: (x) => tf.cumsum(x!, 1), shapes: [[4, 5]], elementwise: 20 },
  { name: 'topk', f: (x) => tf.topk(x!, 2), shapes: [[4, 5]], elementwise: 20 },
  {
    name: 'unsortedSegmentSum',
    f: (x) => tf.unsortedSegmentSum(x!, tf.tensor1d([0, 1, 1, 2], 'int32'), 3),
    shapes: [[4, 5]],
    elementwise: 20,
  },
  {
    name: 'scatterND',
    f: (x) => tf.scatterND(tf.tensor2d([[0], [3]], [2, 1], 'int32'), x!, [9, 5]),
    shapes: [[2, 5]],
    elementwise: 10,
  },
  {
    name: 'searchSorted: 3 bisections',
    f: (x, v) => tf.searchSorted(x!, v!),
    shapes: [
      [4, 7],
      [4, 2],
    ],
    elementwise: 24,
  },
  {
    name: 'multinomial',
    f: (x) => tf.multinomial(x as tf.Tensor2D, 9, 1),
    shapes: [[4, 5]],
    elementwise: 180,
  },

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
  ...(['bilinear', 'nearest'] as const).flatMap((method): Case[] => [
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
    name: 'batchNorm',
    f: (x, m, v) => tf.batchNorm(x!, m as tf.Tensor1D, v as tf.Tensor1D),
    shapes: [image, [3], [3]],
    elementwise: 288,
  },
  {
    name: 'batchNorm, affine',
    f: (x, m, v) => tf.batchNorm(x!, m as tf.Tensor1D, v as tf.Tensor1D, m as tf.Tensor1D, v as tf.Tensor1D),
    shapes: [image, [3], [3]],
    elementwise: 576,
  },
  { name: 'softmax', f: (x) => tf.softmax(x!), shapes: [[4, 5]], elementwise: 100 },
  {
    name: 'localResponseNormalization',
    f: (x) => tf.localResponseNormalization(x as tf.Tensor4D, 2),
    shapes: [image],
    elementwise: 288 * 14,
  },
  {
    name: 'LRNGrad',
    f: kernel('LRNGrad', ['x', 'y', 'dy'], { depthRadius: 2, bias: 1, alpha: 1, beta: 0.5 }),
    shapes: [image, image, image],
    elementwise: 288 * 28,
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
  {
    name: 'SshnLeakyReluGrad',
    f: kernel('SshnLeakyReluGrad', ['dy', 'y'], { slope: 0.1 }),
    shapes: [image, image],
    elementwise: 288,
  },
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
  { name: 'SshnHead', f: kernel('SshnHead', ['weight', 'hidden']), shapes: [[7, 5], [5]], macs: 35 },
  {
    name: 'SshnHeadGradWeight',
    f: kernel('SshnHeadGradWeight', ['dy', 'hidden']),
    shapes: [[7], [5]],
    macs: 35,
  },
  {
    name: 'SshnHeadGradHidden',
    f: kernel('SshnHeadGradHidden', ['weight', 'dy']),
    shapes: [[7, 5], [7]],
    macs: 35,
  },
  {
    name: 'SshnCrossEntropy',
    f: kernel('SshnCrossEntropy', ['logits', 'labels']),
    shapes: [
      [2, 3, 4],
      [2, 3],
    ],
    elementwise: 168,
  },
  {
    name: 'SshnSoftDice',
    f: kernel('SshnSoftDice', ['logits', 'labels']),
    shapes: [
      [2, 3, 4],
      [2, 3],
    ],
    elementwise: 408,
  },
  {
    name: 'SshnAdam',
    f: kernel('SshnAdam', ['param', 'm', 'v', 'grad'], { weightDecay: 0 }),
    shapes: [[5], [5], [5], [5]],
    elementwise: 70,
  },
  {
    name: 'SshnAdam with decay',
    f: kernel('SshnAdam', ['param', 'm', 'v', 'grad'], { weightDecay: 0.1 }),
    shapes: [[5], [5], [5], [5]],
    elementwise: 80,
  },
];

test.each(cases)('$name', ({ f, shapes, macs = 0, elementwise = 0 }) => {
  const report = countFlops((...x: T[]) => void f(...x), shapes.map((shape) => ({ shape })) as never);
  expect({ macs: report.macs, flops: report.flops }).toEqual({ macs, flops: 2 * macs + elementwise });
});

describe('the rules and the trace', () => {
  test('every kernel that a trace knows has a rule', () => {
    expect(knownKernels().filter((name) => flopRule(name) === undefined)).toEqual([]);
  });

  test('what only moves elements is free, and listed', () => {
    const { flops, ignored } = countFlops(
      (x) => tf.transpose(tf.concat([x, tf.reshape(x, [3, 4])], 0)),
      [{ shape: [3, 4] }],
    );
    expect(flops).toBe(0);
    expect(ignored).toEqual(
      ['Reshape', 'Concat', 'Transpose'].map((name) => ({ kernel: name, calls: 1, modules: [''] })),
    );
  });
});
