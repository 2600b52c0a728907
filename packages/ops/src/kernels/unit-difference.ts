import {
  add,
  div,
  mean,
  mul,
  split,
  sqrt,
  square,
  sub,
  type Tensor,
  type Tensor2D,
  tensor2d,
  tidy,
} from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable.js';
import { dispatcher, type Kernel } from './contract.js';

/** What a unit difference is besides its rows: what is added to mean squares, and what the result is multiplied by. */
export interface UnitDifferenceSettings {
  readonly epsilon: number;
  readonly scale: number;
}

/** Kernels of `unitDifference`, for backends where to start a program takes longer than to go through two rows. */
export interface UnitDifferenceKernels {
  SshnUnitDifference: Kernel<'x', UnitDifferenceSettings>;
  /** The gradient to x. */
  SshnUnitDifferenceGrad: Kernel<'dy' | 'x', UnitDifferenceSettings>;
}

const dispatch = /* @__PURE__ */ dispatcher<UnitDifferenceKernels>();

/**
 * scale · (u(x₀) − u(x₁)), `[1, width]`, of two rows `[2, width]`, or scale · u(x₀) of one, `[1, width]`, where u(x) = x / √(mean(x²) + ε)
 * has a mean square of 1. It is one node on the tape.
 *
 * *Source* of u: Zhang and Sennrich, "Root mean square layer normalization" (2019).
 */
export function unitDifference(x: Tensor2D, settings: UnitDifferenceSettings): Tensor2D {
  return differentiable([x], {
    forward: () => ({
      value: dispatch('SshnUnitDifference', { x }, settings, () =>
        tidy(() => composed(x, settings)),
      ) as Tensor2D,
      saved: [x],
    }),
    backward: (dy, saved) => [
      dispatch('SshnUnitDifferenceGrad', { dy, x: saved }, settings, () =>
        tidy(() => composedGradient(dy, saved, settings)),
      ),
    ],
  });
}

/** The root of the mean square of each row, `[rows, 1]`. */
function rootMeanSquare(x: Tensor, epsilon: number): Tensor {
  return sqrt(add(mean(square(x), 1, true), epsilon));
}

function composed(x: Tensor, { epsilon, scale }: UnitDifferenceSettings): Tensor {
  const units = div(x, rootMeanSquare(x, epsilon));
  if (x.shape[0] === 1) return scale === 1 ? units : mul(units, scale);
  const [first, second] = split(units, 2) as [Tensor, Tensor];
  return mul(sub(first, second), scale);
}

/** Of each row: ±scale / r · (dy − x · mean(dy · x) / r²), where r is its root mean square. */
function composedGradient(dy: Tensor, x: Tensor, { epsilon, scale }: UnitDifferenceSettings): Tensor {
  const root = rootMeanSquare(x, epsilon);
  const factors = tensor2d([[scale], [-scale]].slice(0, x.shape[0]));
  const along = div(mean(mul(dy, x), 1, true), square(root));
  return mul(div(factors, root), sub(dy, mul(x, along)));
}
