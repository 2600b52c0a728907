import { mul, reshape, sum, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';

/**
 * A tensor of distinct values in mixed order, `gap` apart from each other and at least a quarter of it from 0: kinks and
 * ties stay out of reach of finite differences. Two tensors whose `offset` differs by `gap / 2` have no ties either.
 */
export function distinct(shape: number[], { gap = 0.06, offset = 0, seed = 1 } = {}): Tensor {
  const size = shape.reduce((product, n) => product * n, 1);
  // A stride coprime to the size visits every place once.
  let stride = Math.max(1, Math.round(size * 0.618) + seed);
  while (greatestCommonDivisor(stride, size) !== 1) stride++;
  const middle = Math.floor(size / 2) - 0.25;
  const values = Float32Array.from(
    { length: size },
    (_, i) => offset + gap * (((i * stride) % size) - middle),
  );
  return tensor(values, shape);
}

/** A scalar that depends on every entry of `y`, each with another weight. */
export function weighted(y: Tensor): Tensor {
  return tidy(() => {
    const weights = Float32Array.from({ length: y.size }, (_, i) => Math.sin(1 + 1.7 * i) + 0.3);
    return sum(mul(reshape(y, [-1]), tensor(weights, [y.size])));
  });
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
