import { add, concat, mul, slice, sub, type Tensor, tidy, zerosLike } from '@tensorflow/tfjs-core';

/**
 * The derivative along one axis by its index: central differences inside, one-sided ones at the first and last index; 0
 * along an axis of one. Of the same shape, differentiable.
 */
export function derivativeAlong(x: Tensor, axis: number): Tensor {
  const length = x.shape[axis]!;
  if (length === 1) return zerosLike(x);
  const part = (of: Tensor, begin: number, count: number): Tensor => {
    const at = of.shape.map((_, i) => (i === axis ? begin : 0));
    return slice(
      of,
      at,
      of.shape.map((n, i) => (i === axis ? count : n)),
    );
  };
  return tidy(() => {
    const steps = sub(part(x, 1, length - 1), part(x, 0, length - 1));
    // The mean of the steps before and after, where the ends have one step for both.
    const before = concat([part(steps, 0, 1), steps], axis);
    const after = concat([steps, part(steps, length - 2, 1)], axis);
    return mul(add(before, after), 0.5);
  });
}
