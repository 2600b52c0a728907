import { differentiable } from '@sshn/ops';
import { mul, type Scalar, type Tensor } from '@tensorflow/tfjs-core';

/** A similarity's value, and its gradients to both images. */
export type ValueAndGradients = [value: Tensor, toMoved: Tensor, toFixed: Tensor];

/** A scalar function of two images whose gradients come with its value rather than being derived op by op. */
export function withOwnGradients(
  moved: Tensor,
  fixed: Tensor,
  compute: (moved: Tensor, fixed: Tensor) => ValueAndGradients,
): Scalar {
  return differentiable([moved, fixed], {
    forward: (first, second) => {
      const [value, toMoved, toFixed] = compute(first, second);
      return { value: value as Scalar, saved: [toMoved, toFixed] };
    },
    backward: (dy, toMoved, toFixed) => [mul(toMoved, dy), mul(toFixed, dy)],
  });
}
