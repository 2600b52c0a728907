import { customGrad, type GradSaveFunc, type Scalar, type Tensor } from '@tensorflow/tfjs-core';

/** A scalar and the tensors that its gradient will need. */
interface Forward {
  readonly value: Scalar;
  readonly keep: Tensor[];
}

/**
 * A scalar function of one tensor whose gradient is given rather than derived op by op.
 *
 * @param backward The gradient to `x` times `dy`, from the tensors that `forward` kept.
 */
export function withOwnGradient(
  x: Tensor,
  forward: (x: Tensor) => Forward,
  backward: (dy: Scalar, kept: Tensor[]) => Tensor,
): Scalar {
  const taped = customGrad((...args: Array<Tensor | GradSaveFunc>) => {
    const [input, save] = args as [Tensor, GradSaveFunc];
    const { value, keep } = forward(input);
    save(keep);
    return { value, gradFunc: (dy: Scalar, kept: Tensor[]) => backward(dy, kept) };
  });
  return taped(x);
}
