import { repairKernels } from '@sshn/ops';
import { customGrad, type GradSaveFunc, mul, type Scalar, type Tensor } from '@tensorflow/tfjs-core';

/** A scalar function's value at a tensor, and its gradient there. */
export type ValueAndGradient = [value: Tensor, gradient: Tensor];

/** A scalar function of one tensor whose gradient comes with its value rather than being derived op by op. */
export function withOwnGradient(x: Tensor, compute: (x: Tensor) => ValueAndGradient): Scalar {
  repairKernels();
  const taped = customGrad((...args: Array<Tensor | GradSaveFunc>) => {
    const [input, save] = args as [Tensor, GradSaveFunc];
    const [value, gradient] = compute(input);
    save([gradient]);
    return { value: value as Scalar, gradFunc: (dy: Scalar, [kept]: Tensor[]) => mul(kept!, dy) };
  });
  return taped(x);
}
