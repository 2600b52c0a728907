import { conv3dFilterGradient } from '@sshn/ops';
import {
  Conv3DBackpropFilterV2,
  type Conv3DBackpropFilterV2Attrs,
  type Tensor5D,
} from '@tensorflow/tfjs-core';
import { composedKernel } from '../kernel.js';

/** Slice by slice of the filter, as 2D convolutions over all planes. The stock kernel is wrong for strides. */
export const conv3dBackpropFilter = composedKernel<
  { x: Tensor5D; dy: Tensor5D },
  Conv3DBackpropFilterV2Attrs
>(Conv3DBackpropFilterV2, 'wrong', ({ x, dy }, attributes) =>
  conv3dFilterGradient(x, dy, attributes.filterShape, attributes),
);
