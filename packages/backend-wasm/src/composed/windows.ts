import { ValueError } from '@sshn/core';
import {
  averagePoolGradient,
  conv2dFilterGradient,
  conv2dInputGradient,
  conv3dBySlices,
  conv3dFilterGradient,
  conv3dInputGradient,
  depthwiseFilterGradient,
  depthwiseInputGradient,
  maximumPool,
  maximumPoolGradient,
} from '@sshn/ops';
import type {
  AvgPool3DGradAttrs,
  AvgPoolGradAttrs,
  Conv2DBackpropFilterAttrs,
  Conv2DBackpropInputAttrs,
  Conv3DAttrs,
  Conv3DBackpropFilterV2Attrs,
  Conv3DBackpropInputV2Attrs,
  DepthwiseConv2dNativeBackpropFilterAttrs,
  DepthwiseConv2dNativeBackpropInputAttrs,
  MaxPool3DAttrs,
  MaxPool3DGradAttrs,
  MaxPoolGradAttrs,
  Tensor,
  Tensor4D,
  Tensor5D,
} from '@tensorflow/tfjs-core';
import { type ComposedKernel, composedKernel } from './kernel.js';

interface Pooled {
  readonly dy: Tensor;
  readonly input: Tensor;
}

/** Convolutions, pooling and their gradients as compositions of @sshn/ops. Those to an input serve transposed convolutions too. */
export const windowKernels: readonly ComposedKernel[] = [
  composedKernel<{ x: Tensor4D; dy: Tensor4D }, Conv2DBackpropFilterAttrs>(
    'Conv2DBackpropFilter',
    'missing',
    ({ x, dy }, attributes) => {
      requireChannelsLast('Conv2DBackpropFilter', attributes.dataFormat);
      return conv2dFilterGradient(x, dy, attributes.filterShape, attributes);
    },
  ),
  composedKernel<{ dy: Tensor4D; filter: Tensor4D }, Conv2DBackpropInputAttrs>(
    'Conv2DBackpropInput',
    'slow',
    ({ dy, filter }, attributes) => {
      requireChannelsLast('Conv2DBackpropInput', attributes.dataFormat);
      return conv2dInputGradient(dy, filter, attributes.inputShape, attributes);
    },
  ),
  composedKernel<{ x: Tensor4D; dy: Tensor4D }, DepthwiseConv2dNativeBackpropFilterAttrs>(
    'DepthwiseConv2dNativeBackpropFilter',
    'missing',
    ({ x, dy }, attributes) => depthwiseFilterGradient(x, dy, attributes.filterShape, attributes),
  ),
  composedKernel<{ dy: Tensor4D; filter: Tensor4D }, DepthwiseConv2dNativeBackpropInputAttrs>(
    'DepthwiseConv2dNativeBackpropInput',
    'missing',
    ({ dy, filter }, attributes) => depthwiseInputGradient(dy, filter, attributes.inputShape, attributes),
  ),
  // The stock kernel is a plain loop.
  composedKernel<{ x: Tensor5D; filter: Tensor5D }, Conv3DAttrs>(
    'Conv3D',
    'slow',
    ({ x, filter }, attributes) => conv3dBySlices(x, filter, attributes),
  ),
  // Both stock kernels are wrong for strides.
  composedKernel<{ x: Tensor5D; dy: Tensor5D }, Conv3DBackpropFilterV2Attrs>(
    'Conv3DBackpropFilterV2',
    'wrong',
    ({ x, dy }, attributes) => conv3dFilterGradient(x, dy, attributes.filterShape, attributes),
  ),
  composedKernel<{ dy: Tensor5D; filter: Tensor5D }, Conv3DBackpropInputV2Attrs>(
    'Conv3DBackpropInputV2',
    'wrong',
    ({ dy, filter }, attributes) => conv3dInputGradient(dy, filter, attributes.inputShape, attributes),
  ),
  // The stock kernel starts from a tiny positive number: windows of negative numbers come out wrong.
  composedKernel<{ x: Tensor }, MaxPool3DAttrs>('MaxPool3D', 'wrong', ({ x }, attributes) =>
    maximumPool(x, attributes),
  ),
  // The stock kernels pass on a part of the gradient; the one of 3D relies on the wrong MaxPool3D.
  ...(['MaxPoolGrad', 'MaxPool3DGrad'] as const).map((name) =>
    composedKernel<Pooled & { output: Tensor }, MaxPoolGradAttrs | MaxPool3DGradAttrs>(
      name,
      'wrong',
      ({ dy, input, output }, attributes) => maximumPoolGradient(dy, input, output, attributes),
    ),
  ),
  // The stock kernels count padding, which the forward pass does not.
  ...(['AvgPoolGrad', 'AvgPool3DGrad'] as const).map((name) =>
    composedKernel<Pooled, AvgPoolGradAttrs | AvgPool3DGradAttrs>(
      name,
      'wrong',
      ({ dy, input }, attributes) => averagePoolGradient(dy, input, attributes),
    ),
  ),
];

/** Nothing of tfjs' wasm backend knows images with the channels first. @throws {ValueError} that says so. */
function requireChannelsLast(kernelName: string, dataFormat: 'NHWC' | 'NCHW'): void {
  if (dataFormat !== 'NHWC') {
    throw new ValueError({
      where: `${kernelName} on wasm: dataFormat`,
      got: dataFormat,
      expected: "'NHWC'",
      hint: 'Transpose [batch, channels, height, width] data first.',
    });
  }
}
