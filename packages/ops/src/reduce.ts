import { mean, mul, ones, type Scalar, sum, type Tensor } from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';

/**
 * The sum of all entries, one axis after the other from the last: each running float32 sum has as many terms as an
 * axis is long, so that rounding stays small in a volume of 256³ voxels.
 */
export function sumAll(x: Tensor): Scalar {
  let rest = x;
  while (rest.rank > 0) rest = sum(rest, -1);
  return rest as Scalar;
}

/**
 * The mean of all entries, one axis after the other from the last: each running float32 sum has as many terms as an
 * axis is long, so that rounding stays small in volumes.
 *
 * The gradient, one number everywhere, is written out: tfjs repeats it axis by axis.
 */
export function meanAll(x: Tensor): Scalar {
  const { shape, size } = x;
  const axes = shape.map((_, axis) => axis);
  return differentiable([x], {
    forward: (input) => ({ value: meanOver(input, axes) as Scalar, saved: [] }),
    backward: (dy) => [mul(ones(shape), mul(dy, 1 / size))],
  });
}

/** Means over some axes, in ascending order, from the last to the first; axes stay with length 1 if `keepDims`. */
export function meanOver(x: Tensor, axes: readonly number[], keepDims = false): Tensor {
  return [...axes].reverse().reduce((rest, axis) => mean(rest, axis, keepDims), x);
}
