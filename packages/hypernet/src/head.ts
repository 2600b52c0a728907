import { dispatch } from '@sshn/ops';
import {
  add,
  clone,
  customGrad,
  type GradSaveFunc,
  matMul,
  mul,
  reshape,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tidy,
} from '@tensorflow/tfjs-core';

/** What one output layer of a hypernetwork multiplies and adds. */
export interface HeadInputs {
  /** `[outputs, hidden]`. */
  readonly weight: Tensor2D;
  /** Of the shape of the prediction, which holds `outputs` values. */
  readonly base: Tensor;
  /** `[hidden]`. */
  readonly hidden: Tensor1D;
}

/**
 * One output layer of a hypernetwork: W·h + s · b, with gradients to W, b and h.
 *
 * It is one node on the tape, as a network has dozens of heads, and W meets memory once in each direction, as it may hold
 * millions of numbers: nothing is transposed, the gradient to W is the outer product dy·hᵀ and the one to h the product
 * dyᵀ·W.
 *
 * @param baseScale s.
 * @returns A tensor of the shape of `base`.
 */
export function predict({ weight, base, hidden }: HeadInputs, baseScale: number): Tensor {
  const op = customGrad((...args: Array<Tensor | GradSaveFunc>) => {
    const [w, b, h, save] = args as [Tensor2D, Tensor, Tensor1D, GradSaveFunc];
    save([w, h]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const [savedW, savedH] = saved as [Tensor2D, Tensor1D];
      const flat = reshape(dy, [dy.size]) as Tensor1D;
      const toBase = baseScale === 1 ? clone(dy) : mul(dy, baseScale);
      return [gradWeight(flat, savedH), toBase, gradHidden(savedW, flat)];
    };
    const scaledBase = baseScale === 1 ? b : mul(b, baseScale);
    return { value: add(reshape(product(w, h), b.shape), scaledBase), gradFunc };
  });
  return op(weight, base, hidden);
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
