import { conv3dInputGradient } from '@sshn/ops';
import { Conv3DBackpropInputV2, type Conv3DBackpropInputV2Attrs, type Tensor5D } from '@tensorflow/tfjs-core';
import { composedKernel } from '../kernel.js';

/**
 * As one forward convolution with the mirrored filter; serves `conv3dTranspose` too. The stock kernel is wrong for
 * strides.
 */
export const conv3dBackpropInput = composedKernel<
  { dy: Tensor5D; filter: Tensor5D },
  Conv3DBackpropInputV2Attrs
>(Conv3DBackpropInputV2, 'wrong', ({ dy, filter }, attributes) =>
  conv3dInputGradient(dy, filter, attributes.inputShape, attributes),
);
