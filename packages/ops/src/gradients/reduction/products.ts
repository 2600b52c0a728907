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

/** Exchanges the last two axes. */
function swapped(x: Tensor): Tensor {
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
          ? matMul(transposeB ? swapped(b!) : b!, swapped(dy))
          : matMul(dy, transposeB ? b! : swapped(b!));
        return sumTo(product, a!.shape);
      },
      b: () => {
        const product = transposeB
          ? matMul(swapped(dy), transposeA ? swapped(a!) : a!)
          : matMul(transposeA ? a! : swapped(a!), dy);
        return sumTo(product, b!.shape);
      },
    }),
  }),
];
