import {
  add,
  clone,
  matMul,
  mul,
  reshape,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tidy,
} from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable.js';
import { dispatcher, type Kernel, type KernelRules, sizeOf } from './contract.js';

/** Kernels of the product of a matrix `[outputs, hidden]` and a vector `[hidden]`, once per step for each weight. */
export interface HeadKernels {
  /** weight · hidden, `[outputs]`. */
  SshnHead: Kernel<'weight' | 'hidden'>;
  /** The gradient to weight: the outer product. */
  SshnHeadGradWeight: Kernel<'dy' | 'hidden'>;
  /** The gradient to hidden: dy · weight. */
  SshnHeadGradHidden: Kernel<'weight' | 'dy'>;
}

const dispatch = /* @__PURE__ */ dispatcher<HeadKernels>();

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
export function applyHead({ weight, base, hidden }: HeadInputs, baseScale: number): Tensor {
  return differentiable([weight, base, hidden], {
    forward: (w, b, h) => {
      const scaledBase = baseScale === 1 ? b : mul(b, baseScale);
      return { value: add(reshape(product(w, h), b.shape), scaledBase), saved: [w, h] };
    },
    backward: (dy, w, h) => {
      const flat: Tensor1D = reshape(dy, [dy.size]);
      const toBase = baseScale === 1 ? clone(dy) : mul(dy, baseScale);
      return [gradWeight(flat, h), toBase, gradHidden(w as Tensor2D, flat)];
    },
  });
}

function product(weight: Tensor2D, hidden: Tensor1D): Tensor {
  const [outputs, width] = weight.shape;
  return dispatch('SshnHead', { weight, hidden }, {}, () =>
    tidy(() => reshape(matMul(weight, reshape(hidden, [width, 1])), [outputs])),
  );
}

function gradWeight(dy: Tensor1D, hidden: Tensor): Tensor {
  return dispatch('SshnHeadGradWeight', { dy, hidden }, {}, () =>
    tidy(() => matMul(reshape(dy, [dy.size, 1]), reshape(hidden, [1, hidden.size]))),
  );
}

function gradHidden(weight: Tensor2D, dy: Tensor1D): Tensor {
  const [outputs, width] = weight.shape;
  return dispatch('SshnHeadGradHidden', { weight, dy }, {}, () =>
    tidy(() => reshape(matMul(reshape(dy, [1, outputs]), weight), [width])),
  );
}

export const headRules: KernelRules<HeadKernels> = {
  SshnHead: {
    shapes: ({ weight }) => ({ shape: weight.shape.slice(0, 1), dtype: weight.dtype }),
    work: ({ weight }) => ({ macs: sizeOf(weight) }),
  },
  SshnHeadGradWeight: {
    shapes: ({ dy, hidden }) => ({ shape: [...dy.shape, ...hidden.shape], dtype: dy.dtype }),
    work: ({ dy, hidden }) => ({ macs: sizeOf(dy) * sizeOf(hidden) }),
  },
  SshnHeadGradHidden: {
    shapes: ({ weight, dy }) => ({ shape: weight.shape.slice(1), dtype: dy.dtype }),
    work: ({ weight }) => ({ macs: sizeOf(weight) }),
  },
};
