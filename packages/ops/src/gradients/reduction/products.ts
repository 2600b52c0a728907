import {
  BatchMatMul,
  type BatchMatMulAttrs,
  type GradConfig,
  matMul,
  type Tensor,
  transpose,
} from '@tensorflow/tfjs-core';
import { entry } from '../entry.js';
import { sumTo } from './broadcast.js';

/** Matrices with rows and columns exchanged: the last two axes. */
export function transposeMatrices(x: Tensor): Tensor {
  const axes = [...x.shape.keys()];
  return transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}

/**
 * C = op(A)·op(B): dop(A) = dC·op(B)ᵀ and dop(B) = op(A)ᵀ·dC, summed over broadcast batches.
 *
 * Transposes are explicit: with a flag, `matMul` leaves the fast path of the wasm backend and is 20 times slower.
 * Overrides the stock one, which also has the wrong shape for broadcast batches.
 */
export const products = (): readonly GradConfig[] => [
  entry<BatchMatMulAttrs>(BatchMatMul, {
    save: ['a', 'b'],
    gradients: (dy, [a, b], { transposeA, transposeB }) => ({
      a: () => {
        const product = transposeA
          ? matMul(transposeB ? transposeMatrices(b!) : b!, transposeMatrices(dy))
          : matMul(dy, transposeB ? b! : transposeMatrices(b!));
        return sumTo(product, a!.shape);
      },
      b: () => {
        const product = transposeB
          ? matMul(transposeMatrices(dy), transposeA ? transposeMatrices(a!) : a!)
          : matMul(transposeA ? a! : transposeMatrices(a!), dy);
        return sumTo(product, b!.shape);
      },
    }),
  }),
];
