import {
  add,
  leakyRelu,
  matMul,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tidy,
} from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable.js';
import { transposeMatrices } from '../gradients/reduction/products.js';
import { leakyReluGradient } from './activation.js';
import { dispatcher, type Kernel } from './contract.js';

/** Kernels of small dense layers, for backends where to start a program takes longer than to multiply small matrices. */
export interface DenseKernels {
  /** LeakyReLU of x · kernel + bias. */
  SshnDense: Kernel<'x' | 'kernel' | 'bias', { readonly slope: number }>;
  /** The gradients to x, kernel and bias; y is the layer's output. */
  SshnDenseGrad: Kernel<'dy' | 'x' | 'kernel' | 'y', { readonly slope: number }, 3>;
}

const dispatch = /* @__PURE__ */ dispatcher<DenseKernels>();

/** The most products of a small layer: beyond, the products of matrices that a backend has are better. */
const SMALL = 2 ** 14;

/** What a dense layer multiplies and adds. */
export interface DenseInputs {
  /** `[batch, inFeatures]`. */
  readonly x: Tensor2D;
  /** `[inFeatures, outFeatures]`. */
  readonly kernel: Tensor2D;
  /** `[outFeatures]`. */
  readonly bias: Tensor1D;
}

/**
 * A dense layer and a LeakyReLU, `[batch, outFeatures]`, as one node on the tape.
 *
 * @param slope Of the LeakyReLU; 1 is none.
 */
export function applyDense({ x, kernel, bias }: DenseInputs, slope: number): Tensor2D {
  const isSmall = x.shape[0] * kernel.size <= SMALL;
  const forward = (): Tensor2D => {
    const composed = () => tidy(() => rectified(add(matMul(x, kernel), bias), slope));
    return (
      isSmall ? dispatch('SshnDense', { x, kernel, bias }, { slope }, composed) : composed()
    ) as Tensor2D;
  };
  return differentiable([x, kernel, bias], {
    forward: () => {
      const y = forward();
      return { value: y, saved: [x, kernel, y] };
    },
    backward: (dy, savedX, savedKernel, y) => {
      const composed = (): [Tensor, Tensor, Tensor] =>
        tidy(() => {
          const dz = slope === 1 ? dy : leakyReluGradient(dy, y, slope);
          return [
            matMul(dz, transposeMatrices(savedKernel)),
            matMul(transposeMatrices(savedX), dz),
            sum(dz, 0),
          ];
        });
      const inputs = { dy, x: savedX, kernel: savedKernel, y };
      return isSmall ? dispatch('SshnDenseGrad', inputs, { slope }, composed) : composed();
    },
  });
}

function rectified(x: Tensor, slope: number): Tensor {
  return slope === 1 ? x : leakyRelu(x, slope);
}
