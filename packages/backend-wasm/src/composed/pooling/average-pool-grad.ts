import { averagePoolGradient } from '@sshn/ops';
import {
  AvgPool3DGrad,
  type AvgPool3DGradAttrs,
  AvgPoolGrad,
  type AvgPoolGradAttrs,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { composedKernel } from '../kernel.js';

interface Inputs {
  readonly dy: Tensor;
  readonly input: Tensor;
}

/** Evenly over what a window sees; the stock kernel counts padding, which the forward pass does not. */
export const averagePoolGrad = composedKernel<Inputs, AvgPoolGradAttrs>(
  AvgPoolGrad,
  'wrong',
  ({ dy, input }, attributes) => averagePoolGradient(dy, input, attributes),
);

/** Like `averagePoolGrad`, in 3D. */
export const averagePool3dGrad = composedKernel<Inputs, AvgPool3DGradAttrs>(
  AvgPool3DGrad,
  'wrong',
  ({ dy, input }, attributes) => averagePoolGradient(dy, input, attributes),
);
