import { repairKernels } from '@sshn/ops';
import { customGrad, type GradSaveFunc, mul, type Scalar, type Tensor } from '@tensorflow/tfjs-core';

/** A similarity's value, and its gradients to both images. */
export type ValueAndGradients = [value: Tensor, toMoved: Tensor, toFixed: Tensor];

/** A scalar function of two images whose gradients come with its value rather than being derived op by op. */
export function withOwnGradients(
  moved: Tensor,
  fixed: Tensor,
  compute: (moved: Tensor, fixed: Tensor) => ValueAndGradients,
): Scalar {
  repairKernels();
  const taped = customGrad((...args: Array<Tensor | GradSaveFunc>) => {
    const [first, second, save] = args as [Tensor, Tensor, GradSaveFunc];
    const [value, toMoved, toFixed] = compute(first, second);
    save([toMoved, toFixed]);
    return {
      value: value as Scalar,
      gradFunc: (dy: Scalar, kept: Tensor[]) => kept.map((gradient) => mul(gradient, dy)),
    };
  });
  return taped(moved, fixed);
}
