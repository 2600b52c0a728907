import { depthwiseFilterGradient } from '@sshn/ops';
import {
  DepthwiseConv2dNativeBackpropFilter,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { composedKernel } from '../kernel.js';

/** Tap by tap: what the filter sees there, times `dy`, summed. */
export const depthwiseBackpropFilter = composedKernel<
  { x: Tensor4D; dy: Tensor4D },
  DepthwiseConv2dNativeBackpropFilterAttrs
>(DepthwiseConv2dNativeBackpropFilter, 'missing', ({ x, dy }, attributes) =>
  depthwiseFilterGradient(x, dy, attributes.filterShape, attributes),
);
