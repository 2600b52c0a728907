import { transposeMatrices } from '@sshn/ops';
import {
  _FusedMatMul,
  type _FusedMatMulAttrs,
  BatchMatMul,
  type BatchMatMulAttrs,
  broadcast_util,
  broadcastTo,
  reshape,
  stack,
  type Tensor,
  type Tensor3D,
  unstack,
} from '@tensorflow/tfjs-core';
import { composedKernel, type Stock } from './kernel.js';

/** The factors of a product as they are multiplied: `[batch, rows, inner]` and `[batch, inner, columns]`. */
export interface Operands {
  readonly a: Tensor3D;
  readonly b: Tensor3D;
  /** Axes before rows and columns in the result. */
  readonly batchShape: number[];
}

/**
 * Transposes factors where a flag says so and gives both as many matrices as the result has, except that a single one
 * stays single.
 */
export function operands(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Operands {
  const batches = [a.shape.slice(0, -2), b.shape.slice(0, -2)] as const;
  const batchShape = broadcast_util.assertAndGetBroadcastShape(...batches);
  return {
    a: stacked(transposeA ? transposeMatrices(a) : a, batchShape),
    b: stacked(transposeB ? transposeMatrices(b) : b, batchShape),
    batchShape,
  };
}

function stacked(x: Tensor, batchShape: number[]): Tensor3D {
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  const isSingle = x.size === rows * columns;
  const full = isSingle ? x : broadcastTo(x, [...batchShape, rows, columns]);
  return reshape(full, [isSingle ? 1 : full.size / (rows * columns), rows, columns]);
}

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
