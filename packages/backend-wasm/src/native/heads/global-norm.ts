import type { TensorInfo } from '@tensorflow/tfjs-core';

import { sizeOf } from '../geometry.js';
import type { NativeModule } from '../module.js';
import { deferredProducts } from './head.js';

/**
 * The Euclidean norm of all entries of all tensors together, summed in double precision.
 *
 * An outer product that is not written yet stays so: its sum of squares is the product of its factors'.
 */
export function globalNorm(native: NativeModule, tensors: readonly TensorInfo[]): TensorInfo {
  const products = deferredProducts(native);
  const { sumSquares } = native.exports;
  let total = 0;
  for (const tensor of tensors) {
    const product = products.factorsOf(tensor);
    total +=
      product === undefined
        ? sumSquares(native.address(tensor), sizeOf(tensor.shape))
        : sumSquares(product.column, product.height) * sumSquares(product.row, product.width);
  }
  const norm = native.output([]);
  native.floats()[native.address(norm) >>> 2] = Math.sqrt(total);
  return norm;
}
