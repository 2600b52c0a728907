import {
  _FusedMatMul,
  type _FusedMatMulAttrs,
  reshape,
  stack,
  type Tensor,
  unstack,
} from '@tensorflow/tfjs-core';
import { composedKernel } from '../kernel.js';
import { operands } from './operands.js';

interface Inputs {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly bias?: Tensor;
  readonly preluActivationWeights?: Tensor;
}

/**
 * Like `batchMatMul`: explicit transposes, and all rows as one matrix where the right factor is one. Else one matrix at a
 * time: for several, the stock kernel adds the bias wrongly.
 */
export const fusedMatMul = composedKernel<Inputs, _FusedMatMulAttrs>(
  _FusedMatMul,
  'slow',
  ({ a: first, b: second, ...rest }, attributes, stock) => {
    const { a, b, batchShape } = operands(first, second, attributes.transposeA, attributes.transposeB);
    const [batch, rows, inner] = a.shape;
    const [count, , columns] = b.shape;
    const plain = { ...attributes, transposeA: false, transposeB: false };
    const product = (x: Tensor, y: Tensor) => stock({ a: x, b: y, ...rest }, plain);
    if (count === 1) {
      return reshape(product(reshape(a, [1, batch * rows, inner]), b), [...batchShape, rows, columns]);
    }
    const matrix = (x: Tensor) => reshape(x, [1, ...x.shape]);
    const left = unstack(a);
    const products = unstack(b).map((y, i) => product(matrix(left[batch === 1 ? 0 : i]!), matrix(y)));
    return reshape(stack(products), [...batchShape, rows, columns]);
  },
);
