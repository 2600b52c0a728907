import { maximumPool } from '@sshn/ops';
import { MaxPool3D, type MaxPool3DAttrs, type Tensor } from '@tensorflow/tfjs-core';
import { composedKernel } from '../kernel.js';

/** Axis by axis; the stock kernel starts from a tiny positive number, so that windows of negative ones come out wrong. */
export const maxPool3d = composedKernel<{ x: Tensor }, MaxPool3DAttrs>(
  MaxPool3D,
  'wrong',
  ({ x }, attributes) => maximumPool(x, attributes),
);
