import {
  customGrad,
  matMul,
  reshape,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tidy,
} from '@tensorflow/tfjs-core';

/**
 * One output layer of a hypernetwork: the product W·h, with gradients to both.
 *
 * No matrix is transposed on the way back, as W may hold millions of numbers: the gradient to W is the outer product
 * dy·hᵀ, the one to h the product dyᵀ·W.
 *
 * @param weight `[outputs, hidden]`.
 * @param hidden `[hidden]`.
 * @returns `[outputs]`.
 */
export function predict(weight: Tensor2D, hidden: Tensor1D): Tensor1D {
  const [outputs, width] = weight.shape;
  const op = customGrad((w, h, save) => {
    (save as (tensors: Tensor[]) => void)([w as Tensor, h as Tensor]);
    const value = tidy(() => reshape(matMul(w as Tensor2D, reshape(h as Tensor, [width, 1])), [outputs]));
    const gradFunc = (dy: Tensor, [savedW, savedH]: Tensor[]): Tensor[] => [
      matMul(reshape(dy, [outputs, 1]), reshape(savedH!, [1, width])),
      reshape(matMul(reshape(dy, [1, outputs]), savedW as Tensor2D), [width]),
    ];
    return { value, gradFunc };
  });
  return op(weight, hidden) as Tensor1D;
}
