import { conv3dBySlices } from '@sshn/ops';
import { Conv3D, type Conv3DAttrs, type Tensor5D } from '@tensorflow/tfjs-core';
import { composedKernel } from '../kernel.js';

/** As a sum of 2D convolutions over the slices of the filter; the stock kernel is a plain loop. */
export const conv3d = composedKernel<{ x: Tensor5D; filter: Tensor5D }, Conv3DAttrs>(
  Conv3D,
  'slow',
  ({ x, filter }, attributes) => conv3dBySlices(x, filter, attributes),
);
