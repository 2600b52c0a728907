import {
  BatchMatMul,
  type BatchMatMulAttrs,
  broadcastTo,
  reshape,
  stack,
  type Tensor,
  type Tensor3D,
  unstack,
} from '@tensorflow/tfjs-core';
import { composedKernel, type Stock } from '../kernel.js';
import { operands } from './operands.js';

/**
 * Multiply-adds per matrix from which XNNPACK, one matrix at a time, beats the stock loop over all of them.
 * Measured on a Zen 4: 8 products of 64×64 by 64×64 take as long either way.
 */
const worthwhile = 2 ** 17;

/**
 * Products of matrices without transpose flags and one at a time: only so does the stock kernel hand them to XNNPACK.
 * Broadcasts batches of both factors, where the stock kernel takes wrong ones.
 */
export const batchMatMul = composedKernel<{ a: Tensor; b: Tensor }, BatchMatMulAttrs>(
  BatchMatMul,
  'slow',
  (inputs, { transposeA, transposeB }, stock) => {
    const { a, b, batchShape } = operands(inputs.a, inputs.b, transposeA, transposeB);
    const [rows, columns] = [a.shape[1], b.shape[2]];
    return reshape(multiply(a, b, stock), [...batchShape, rows, columns]);
  },
);

function multiply(a: Tensor3D, b: Tensor3D, stock: Stock): Tensor {
  const [batch, rows, inner] = a.shape;
  const columns = b.shape[2];
  const product = (x: Tensor, y: Tensor) => stock({ a: x, b: y }, { transposeA: false, transposeB: false });
  // One matrix on the right: all rows on the left are one matrix too.
  if (b.shape[0] === 1) return product(reshape(a, [1, batch * rows, inner]), b);
  if (rows * inner * columns < worthwhile) {
    return product(batch === 1 ? broadcastTo(a, [b.shape[0], rows, inner]) : a, b);
  }
  const matrix = (x: Tensor) => reshape(x, [1, ...x.shape]);
  const [left, right] = [unstack(a), unstack(b)];
  return stack(right.map((y, i) => product(matrix(left[batch === 1 ? 0 : i]!), matrix(y))));
}
