import { ValueError } from '@sshn/core';
import { greater, leakyRelu, mul, reshape, type Tensor, tidy, where } from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable.js';
import { dispatcher, type Kernel, type KernelRules, sizeOf } from './contract.js';

/** Kernels of activations. */
export interface ActivationKernels {
  /** dy where y > 0, else slope · dy; y is the output of the activation. */
  SshnLeakyReluGrad: Kernel<'dy' | 'y', { readonly slope: number }>;
}

const dispatch = /* @__PURE__ */ dispatcher<ActivationKernels>();

/** The slope that LeakyReLU has for negative inputs when nothing else is said, as in PyTorch. */
export const defaultSlope = 0.01;

/**
 * LeakyReLU of any tensor: x where x > 0, slope · x elsewhere. Its gradient needs the output only.
 *
 * @param x Of any shape, which is the output's too.
 * @param slope In [0, 1]; 0 is ReLU, 1 the identity. @default 0.01
 * @throws {ValueError} if the slope is outside [0, 1].
 *
 * *Source*: Maas et al., "Rectifier nonlinearities improve neural network acoustic models" (2013).
 */
export function applyLeakyRelu<T extends Tensor>(x: T, slope = defaultSlope): T {
  requireSlope('leakyRelu', slope);
  return differentiable([x], {
    forward: (input) => {
      const value = leakyRelu(input, slope);
      return { value, saved: [value] };
    },
    backward: (dy, y) => [leakyReluGradient(dy, y, slope)],
  });
}

/**
 * The gradient before a LeakyReLU from the one behind it: dy where y > 0, slope · dy elsewhere.
 *
 * @param y The activation's output, of the shape of `dy`.
 */
export function leakyReluGradient<T extends Tensor>(dy: T, y: Tensor, slope: number): T {
  const dx = dispatch('SshnLeakyReluGrad', { dy, y }, { slope }, () =>
    tidy(() => {
      // webgpu chooses among tensors of at most four axes.
      const flat = (x: Tensor) => (x.rank > 4 ? reshape(x, [-1]) : x);
      return reshape(where(greater(flat(y), 0), flat(dy), mul(flat(dy), slope)), dy.shape);
    }),
  );
  return dx as T;
}

/** @throws {ValueError} if a slope is outside [0, 1]. */
export function requireSlope(where: string, slope: number): void {
  if (slope >= 0 && slope <= 1) return;
  throw new ValueError({ where: `${where}: slope`, got: slope, expected: 'a number in [0, 1]' });
}

export const activationRules: KernelRules<ActivationKernels> = {
  SshnLeakyReluGrad: { shapes: ({ dy }) => dy, work: ({ dy }) => ({ elementwise: sizeOf(dy) }) },
};
