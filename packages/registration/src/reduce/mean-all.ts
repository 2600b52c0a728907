import { mean, type Scalar, type Tensor } from '@tensorflow/tfjs-core';

/**
 * The mean of all entries, one axis after the other from the last: each running float32 sum stays as short as an axis, so
 * a volume's later entries do not drown.
 */
export function meanAll(x: Tensor): Scalar {
  return meanOver(
    x,
    Array.from({ length: x.rank }, (_, i) => i),
  ) as Scalar;
}

/** Means over some axes, in ascending order, likewise; kept with length 1 where asked for. */
export function meanOver(x: Tensor, axes: readonly number[], keepDims = false): Tensor {
  return [...axes].reverse().reduce((rest, axis) => mean(rest, axis, keepDims), x);
}
