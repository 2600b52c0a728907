import { dispatch } from '@sshn/core';
import {
  customGrad,
  type GradSaveFunc,
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
  const op = customGrad((...args: Array<Tensor | GradSaveFunc>) => {
    const [w, h, save] = args as [Tensor2D, Tensor1D, GradSaveFunc];
    save([w, h]);
    const gradFunc = (dy: Tensor1D, saved: Tensor[]): Tensor[] => {
      const [savedW, savedH] = saved as [Tensor2D, Tensor1D];
      return [gradWeight(dy, savedH), gradHidden(savedW, dy)];
    };
    return { value: product(w, h), gradFunc };
  });
  return op(weight, hidden) as Tensor1D;
}

function product(weight: Tensor2D, hidden: Tensor1D): Tensor1D {
  const [outputs, width] = weight.shape;
  return dispatch('SshnHead', { weight, hidden }, {}, () =>
    tidy(() => reshape(matMul(weight, reshape(hidden, [width, 1])), [outputs])),
  );
}

function gradWeight(dy: Tensor1D, hidden: Tensor1D): Tensor2D {
  return dispatch('SshnHeadGradWeight', { dy, hidden }, {}, () =>
    tidy(() => matMul(reshape(dy, [dy.size, 1]), reshape(hidden, [1, hidden.size])) as Tensor2D),
  );
}

function gradHidden(weight: Tensor2D, dy: Tensor1D): Tensor1D {
  const [outputs, width] = weight.shape;
  return dispatch('SshnHeadGradHidden', { weight, dy }, {}, () =>
    tidy(() => reshape(matMul(reshape(dy, [1, outputs]), weight), [width])),
  );
}
