import { depthwiseInputGradient } from '@sshn/ops';
import {
  DepthwiseConv2dNativeBackpropInput,
  type DepthwiseConv2dNativeBackpropInputAttrs,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { composedKernel } from '../kernel.js';

/** As one depthwise convolution with the turned filter. */
export const depthwiseBackpropInput = composedKernel<
  { dy: Tensor4D; filter: Tensor4D },
  DepthwiseConv2dNativeBackpropInputAttrs
>(DepthwiseConv2dNativeBackpropInput, 'missing', ({ dy, filter }, attributes) =>
  depthwiseInputGradient(dy, filter, attributes.inputShape, attributes),
);
