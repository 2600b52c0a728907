import { differentiable } from '@sshn/ops';
import { mul, type Scalar, type Tensor } from '@tensorflow/tfjs-core';

/** A scalar function's value at a tensor, and its gradient there. */
export type ValueAndGradient = [value: Tensor, gradient: Tensor];

/** A scalar function of one tensor whose gradient comes with its value rather than being derived op by op. */
export function withOwnGradient(x: Tensor, compute: (x: Tensor) => ValueAndGradient): Scalar {
  return differentiable([x], {
    forward: (input) => {
      const [value, gradient] = compute(input);
      return { value: value as Scalar, saved: [gradient] };
    },
    backward: (dy, gradient) => [mul(gradient, dy)],
  });
}
