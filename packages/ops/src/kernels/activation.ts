import { ShapeError, ValueError } from '@sshn/core';
import {
  add,
  engine,
  getBackend,
  getKernel,
  greater,
  leakyRelu,
  mul,
  reshape,
  type Tensor,
  tidy,
  where,
} from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable.js';
import { dispatcher, type Kernel, type KernelRules, sizeOf } from './contract.js';

/** Kernels of activations. */
export interface ActivationKernels {
  /** dy where y > 0, else slope · dy; y is the output of the activation. */
  SshnLeakyReluGrad: Kernel<'dy' | 'y', { readonly slope: number }>;
}

/** A kernel that only some backends have: without it, and in traces, it is a sum and an activation, so that exports see these. */
export interface SumKernels {
  /** leaky(a + b), of one shape. */
  SshnLeakyReluSum: Kernel<'a' | 'b', { readonly slope: number }>;
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
 * LeakyReLU of the sum of two tensors of one shape, in one pass where the backend has a kernel for it: y = leaky(a + b).
 *
 * @param a Of any shape, which is the output's too. @param b Of that shape.
 * @param slope In [0, 1]; 0 is ReLU, 1 the identity. @default 0.01
 * @throws {ShapeError} if their shapes differ. @throws {ValueError} if the slope is outside [0, 1].
 * @example
 * const y = leakyReluOfSum(x, convolved, 0.01);   // the end of a residual connection
 *
 * *Source*: as of `applyLeakyRelu`.
 */
export function leakyReluOfSum(a: Tensor, b: Tensor, slope = defaultSlope): Tensor {
  requireSlope('leakyReluOfSum', slope);
  if (a.shape.join() !== b.shape.join())
    throw new ShapeError({ where: 'leakyReluOfSum', got: b.shape, expected: `[${a.shape.join(', ')}]` });
  if (getKernel('SshnLeakyReluSum', getBackend()) == null)
    return tidy(() => applyLeakyRelu(add(a, b), slope));
  return differentiable([a, b], {
    forward: (x, y) => {
      const value = engine().runKernel('SshnLeakyReluSum', { a: x, b: y }, { slope }) as Tensor;
      return { value, saved: [value] };
    },
    backward: (dy, value) => {
      const dz = leakyReluGradient(dy, value, slope);
      return [dz, dz.clone()];
    },
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
