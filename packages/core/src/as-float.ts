import { cast, getBackend, mul, type Tensor } from '@tensorflow/tfjs-core';

/**
 * A tensor as float32 that every kernel can read: itself where it is float32, else converted.
 *
 * tfjs' `Cast` on webgpu only relabels integers and masks, their bits stay integers: kernels that read the memory as it
 * is (transposing, and so sums over any axis but the last) then do not compile, and what they put out is 0. There a
 * product makes real floats of them: `sum(cast(labels, 'float32'), 0)` is wrong, `sum(asFloat(labels), 0)` is right.
 *
 * @example
 * const truth = asFloat(oneHot(labels, 4));
 */
export function asFloat<T extends Tensor>(x: T): T {
  if (x.dtype === 'float32') return x;
  const relabeled = cast(x, 'float32');
  return getBackend() === 'webgpu' ? mul(relabeled, 1) : relabeled;
}
