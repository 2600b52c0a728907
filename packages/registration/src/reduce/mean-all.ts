import {
  customGrad,
  type GradSaveFunc,
  mean,
  mul,
  ones,
  type Scalar,
  type Tensor,
} from '@tensorflow/tfjs-core';

/**
 * The mean of all entries, one axis after the other from the last: each running float32 sum stays as short as an axis, so
 * a volume's later entries do not drown.
 *
 * The gradient, one number everywhere, is written out: tfjs repeats it axis by axis.
 */
export function meanAll(x: Tensor): Scalar {
  const op = customGrad((...args: Array<Tensor | GradSaveFunc>) => {
    const { shape, size, rank } = args[0] as Tensor;
    const axes = Array.from({ length: rank }, (_, i) => i);
    return {
      value: meanOver(args[0] as Tensor, axes) as Scalar,
      gradFunc: (dy: Scalar) => mul(ones(shape), mul(dy, 1 / size)),
    };
  });
  return op(x);
}

/** Means over some axes, in ascending order, likewise; kept with length 1 where asked for. */
export function meanOver(x: Tensor, axes: readonly number[], keepDims = false): Tensor {
  return [...axes].reverse().reduce((rest, axis) => mean(rest, axis, keepDims), x);
}
