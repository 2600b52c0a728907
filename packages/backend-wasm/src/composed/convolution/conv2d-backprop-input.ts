import { conv2dInputGradient } from '@sshn/ops';
import { Conv2DBackpropInput, type Conv2DBackpropInputAttrs, type Tensor4D } from '@tensorflow/tfjs-core';
import { composedKernel } from '../kernel.js';
import { requireChannelsLast } from './layout.js';

/** As one forward convolution with the turned filter; serves `conv2dTranspose` too. */
export const conv2dBackpropInput = composedKernel<
  { dy: Tensor4D; filter: Tensor4D },
  Conv2DBackpropInputAttrs
>(Conv2DBackpropInput, 'slow', ({ dy, filter }, attributes) => {
  requireChannelsLast(Conv2DBackpropInput, attributes.dataFormat);
  return conv2dInputGradient(dy, filter, attributes.inputShape, attributes);
});
