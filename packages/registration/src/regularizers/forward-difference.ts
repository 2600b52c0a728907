import { slice, sub, type Tensor } from '@tensorflow/tfjs-core';

/** `x[i + 1] − x[i]` along an axis, which gets one shorter. */
export function forwardDifference(x: Tensor, axis: number): Tensor {
  const size = x.shape.map((length, i) => (i === axis ? length - 1 : length));
  const next = x.shape.map((_, i) => (i === axis ? 1 : 0));
  return sub(
    slice(x, next, size),
    slice(
      x,
      next.map(() => 0),
      size,
    ),
  );
}
