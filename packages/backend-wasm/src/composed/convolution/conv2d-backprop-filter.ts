import { conv2dFilterGradient } from '@sshn/ops';
import { Conv2DBackpropFilter, type Conv2DBackpropFilterAttrs, type Tensor4D } from '@tensorflow/tfjs-core';
import { composedKernel } from '../kernel.js';
import { requireChannelsLast } from './layout.js';

/** As one forward convolution in which batch and channels have changed places. */
export const conv2dBackpropFilter = composedKernel<{ x: Tensor4D; dy: Tensor4D }, Conv2DBackpropFilterAttrs>(
  Conv2DBackpropFilter,
  'missing',
  ({ x, dy }, attributes) => {
    requireChannelsLast(Conv2DBackpropFilter, attributes.dataFormat);
    return conv2dFilterGradient(x, dy, attributes.filterShape, attributes);
  },
);
