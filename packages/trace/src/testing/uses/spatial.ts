import * as tf from '@tensorflow/tfjs-core';
import { type KernelUse, runKernel } from '../agreement.js';

const image = { shape: [2, 7, 6, 3] };
const volume = { shape: [2, 5, 6, 7, 3] };
const filter = { shape: [3, 3, 3, 4] };
const filter3D = { shape: [3, 3, 3, 3, 4] };

type T = tf.Tensor;
const conv =
  (strides: number, pad: 'same' | 'valid' | number, dilations = 1) =>
  (x?: T, w?: T) =>
    tf.conv2d(
      x as tf.Tensor4D,
      w as tf.Tensor4D,
      strides,
      pad,
      'NHWC',
      dilations,
      typeof pad === 'number' ? 'floor' : undefined,
    );
const plain = { dataFormat: 'NHWC', dilations: 1, dimRoundingMode: undefined };

/** Convolutions, pooling, resizing and their gradients. */
export const spatialUses: readonly KernelUse[] = [
  { kernel: 'Conv2D', f: conv(1, 'same'), inputs: [image, filter] },
  { kernel: 'Conv2D', f: conv(2, 'valid'), inputs: [image, filter] },
  { kernel: 'Conv2D', f: conv(2, 1), inputs: [image, filter] },
  { kernel: 'Conv2D', f: conv(1, 'same', 2), inputs: [image, filter] },
  {
    kernel: 'FusedConv2D',
    f: (x, w, bias) =>
      tf.fused.conv2d({
        x: x as tf.Tensor4D,
        filter: w as tf.Tensor4D,
        strides: 2,
        pad: 'same',
        bias: bias!,
        activation: 'relu',
      }),
    inputs: [image, filter, { shape: [4] }],
  },
  {
    kernel: 'Conv2DBackpropInput',
    f: (dy, w) => tf.conv2dTranspose(dy as tf.Tensor4D, w as tf.Tensor4D, [2, 14, 12, 3], 2, 'same'),
    inputs: [{ shape: [2, 7, 6, 4] }, filter],
  },
  {
    kernel: 'Conv2DBackpropFilter',
    f: (x, dy) =>
      runKernel(
        'Conv2DBackpropFilter',
        { x: x!, dy: dy! },
        { ...plain, strides: 1, pad: 'same', filterShape: filter.shape },
      ),
    inputs: [image, { shape: [2, 7, 6, 4] }],
  },
  {
    kernel: 'DepthwiseConv2dNative',
    f: (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, 'same'),
    inputs: [image, { shape: [3, 3, 3, 2] }],
  },
  {
    kernel: 'FusedDepthwiseConv2D',
    f: (x, w, bias) =>
      tf.fused.depthwiseConv2d({
        x: x as tf.Tensor4D,
        filter: w as tf.Tensor4D,
        strides: 1,
        pad: 'valid',
        bias: bias!,
      }),
    inputs: [image, { shape: [3, 3, 3, 2] }, { shape: [6] }],
  },
  {
    kernel: 'DepthwiseConv2dNativeBackpropInput',
    f: (dy, w) =>
      runKernel(
        'DepthwiseConv2dNativeBackpropInput',
        { dy: dy!, filter: w! },
        { ...plain, strides: 1, pad: 'same', inputShape: image.shape },
      ),
    inputs: [{ shape: [2, 7, 6, 6] }, { shape: [3, 3, 3, 2] }],
  },
  {
    kernel: 'DepthwiseConv2dNativeBackpropFilter',
    f: (x, dy) =>
      runKernel(
        'DepthwiseConv2dNativeBackpropFilter',
        { x: x!, dy: dy! },
        { ...plain, strides: 1, pad: 'same', filterShape: [3, 3, 3, 2] },
      ),
    inputs: [image, { shape: [2, 7, 6, 6] }],
  },
  {
    kernel: 'Conv3D',
    f: (x, w) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, [1, 2, 2], 'same'),
    inputs: [volume, filter3D],
  },
  {
    kernel: 'Conv3DBackpropInputV2',
    f: (dy, w) =>
      runKernel(
        'Conv3DBackpropInputV2',
        { dy: dy!, filter: w! },
        { strides: 1, pad: 'same', inputShape: volume.shape },
      ),
    inputs: [{ shape: [2, 5, 6, 7, 4] }, filter3D],
  },
  {
    kernel: 'Conv3DBackpropFilterV2',
    f: (x, dy) =>
      runKernel(
        'Conv3DBackpropFilterV2',
        { x: x!, dy: dy! },
        { strides: 1, pad: 'same', filterShape: filter3D.shape },
      ),
    inputs: [volume, { shape: [2, 5, 6, 7, 4] }],
  },
  {
    kernel: 'Dilation2D',
    f: (x, w) => tf.dilation2d(x as tf.Tensor4D, w as tf.Tensor3D, 2, 'same'),
    inputs: [image, { shape: [3, 3, 3] }],
  },
  ...['Dilation2DBackpropInput', 'Dilation2DBackpropFilter'].map((kernel) => ({
    kernel,
    f: (x?: T, w?: T, dy?: T) =>
      runKernel(kernel, { x: x!, filter: w!, dy: dy! }, { strides: 1, pad: 'same', dilations: 1 }),
    inputs: [image, { shape: [3, 3, 3] }, image],
  })),
  { kernel: 'AvgPool', f: (x) => tf.avgPool(x as tf.Tensor4D, 2, 2, 'same'), inputs: [image] },
  { kernel: 'MaxPool', f: (x) => tf.maxPool(x as tf.Tensor4D, [3, 2], [2, 1], 'valid'), inputs: [image] },
  { kernel: 'AvgPool3D', f: (x) => tf.avgPool3d(x as tf.Tensor5D, 2, 2, 'same'), inputs: [volume] },
  { kernel: 'MaxPool3D', f: (x) => tf.maxPool3d(x as tf.Tensor5D, 2, 2, 'valid'), inputs: [volume] },
  {
    kernel: 'MaxPoolWithArgmax',
    f: (x) => Object.values(tf.maxPoolWithArgmax(x as tf.Tensor4D, 2, 2, 'same')),
    inputs: [image],
  },
  {
    kernel: 'AvgPoolGrad',
    f: (dy, input) =>
      runKernel('AvgPoolGrad', { dy: dy!, input: input! }, { filterSize: 2, strides: 2, pad: 'same' }),
    inputs: [{ shape: [2, 4, 3, 3] }, image],
  },
  {
    kernel: 'MaxPoolGrad',
    f: (dy, input, output) =>
      runKernel(
        'MaxPoolGrad',
        { dy: dy!, input: input!, output: output! },
        { filterSize: 2, strides: 2, pad: 'same' },
      ),
    inputs: [{ shape: [2, 4, 3, 3] }, image, { shape: [2, 4, 3, 3] }],
  },
  {
    kernel: 'AvgPool3DGrad',
    f: (dy, input) =>
      runKernel('AvgPool3DGrad', { dy: dy!, input: input! }, { filterSize: 2, strides: 2, pad: 'same' }),
    inputs: [{ shape: [2, 3, 3, 4, 3] }, volume],
  },
  {
    kernel: 'MaxPool3DGrad',
    f: (dy, input, output) =>
      runKernel(
        'MaxPool3DGrad',
        { dy: dy!, input: input!, output: output! },
        { filterSize: 2, strides: 2, pad: 'same' },
      ),
    inputs: [{ shape: [2, 3, 3, 4, 3] }, volume, { shape: [2, 3, 3, 4, 3] }],
  },
  {
    kernel: 'ResizeBilinear',
    f: (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [3, 9], false, true),
    inputs: [image],
  },
  {
    kernel: 'ResizeNearestNeighbor',
    f: (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [3, 9]),
    inputs: [image],
  },
  ...['ResizeBilinearGrad', 'ResizeNearestNeighborGrad'].map((kernel) => ({
    kernel,
    f: (images?: T, dy?: T) => runKernel(kernel, { images: images!, dy: dy! }, { alignCorners: false }),
    inputs: [{ shape: [2, 5, 5, 3] }, { shape: [2, 3, 9, 3] }], // square: cpu swaps height and width
  })),
  {
    kernel: 'CropAndResize',
    f: (x) =>
      tf.image.cropAndResize(
        x as tf.Tensor4D,
        tf.tensor2d([[0, 0, 1, 1]]),
        tf.tensor1d([0], 'int32'),
        [4, 5],
        'bilinear',
      ),
    inputs: [image],
  },
  {
    kernel: 'Transform',
    f: (x) =>
      tf.image.transform(
        x as tf.Tensor4D,
        tf.tensor2d([[1, 0, 0, 0, 1, 0, 0, 0]]),
        'bilinear',
        'constant',
        0,
      ),
    inputs: [image],
  },
  { kernel: 'FlipLeftRight', f: (x) => tf.image.flipLeftRight(x as tf.Tensor4D), inputs: [image] },
  { kernel: 'RotateWithOffset', f: (x) => tf.image.rotateWithOffset(x as tf.Tensor4D, 0.3), inputs: [image] },
  {
    kernel: 'FusedBatchNorm',
    f: (x, mean, variance) => tf.batchNorm(x!, mean as tf.Tensor1D, variance as tf.Tensor1D),
    inputs: [image, { shape: [3] }, { shape: [3] }],
  },
  { kernel: 'LRN', f: (x) => tf.localResponseNormalization(x as tf.Tensor4D), inputs: [image] },
  {
    kernel: 'LRNGrad',
    f: (x, y, dy) =>
      runKernel('LRNGrad', { x: x!, y: y!, dy: dy! }, { depthRadius: 2, bias: 1, alpha: 1, beta: 0.5 }),
    inputs: [image, image, image],
  },
];
