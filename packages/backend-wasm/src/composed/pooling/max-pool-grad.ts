import { maximumPoolGradient } from '@sshn/ops';
import {
  MaxPool3DGrad,
  type MaxPool3DGradAttrs,
  MaxPoolGrad,
  type MaxPoolGradAttrs,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { composedKernel } from '../kernel.js';

interface Inputs {
  readonly dy: Tensor;
  readonly input: Tensor;
  readonly output: Tensor;
}

/** To the greatest entry of each window; the stock kernel passes only part of the gradient on. */
export const maxPoolGrad = composedKernel<Inputs, MaxPoolGradAttrs>(
  MaxPoolGrad,
  'wrong',
  ({ dy, input, output }, attributes) => maximumPoolGradient(dy, input, output, attributes),
);

/** Like `maxPoolGrad`, in 3D, where the stock kernel relies on the wrong `MaxPool3D`. */
export const maxPool3dGrad = composedKernel<Inputs, MaxPool3DGradAttrs>(
  MaxPool3DGrad,
  'wrong',
  ({ dy, input, output }, attributes) => maximumPoolGradient(dy, input, output, attributes),
);
