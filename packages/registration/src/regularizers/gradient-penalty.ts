import { meanAll } from '@sshn/ops';
import {
  add,
  customGrad,
  type GradSaveFunc,
  mul,
  pad,
  type Scalar,
  sub,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import { type PhysicalField, physicalField, type SpacingOptions } from './field.js';
import { forwardDifference } from './forward-difference.js';

/** What a derivative costs, value by value, and the slope of that. */
export interface Penalty {
  readonly cost: (derivative: Tensor) => Tensor;
  readonly slope: (derivative: Tensor) => Tensor;
}

/**
 * The mean over the axes of `mean(cost(∂field/∂axis))`, by forward differences; axes of one voxel have none.
 *
 * The gradient is written out: derived op by op, it takes several times as long as the value.
 */
export function gradientPenalty(
  where: string,
  displacement: Tensor,
  options: SpacingOptions,
  { cost, slope }: Penalty,
): Scalar {
  const { field, spacing } = physicalField(where, displacement, options);
  const axes = spacing.flatMap((_, i) => (field.shape[i + 1]! > 1 ? [i] : []));
  const value = (x: Tensor): Scalar => {
    const terms = axes.map((i) => tidy(() => meanAll(cost(derivative({ field: x, spacing }, i)))));
    return mul(terms.length === 0 ? meanAll(mul(x, 0)) : terms.reduce(add), 1 / spacing.length) as Scalar;
  };
  const gradient = (x: Tensor, dy: Scalar): Tensor => {
    const terms = axes.map((i) => {
      const along = derivative({ field: x, spacing }, i);
      const share = mul(dy, 1 / (along.size * spacing.length * spacing[i]!));
      return transposedDifference(mul(slope(along), share), i + 1);
    });
    return terms.length === 0 ? mul(x, 0) : terms.reduce(add);
  };
  const op = customGrad((...args: Array<Tensor | GradSaveFunc>) => {
    const [x, save] = args as [Tensor, GradSaveFunc];
    save([x]);
    return { value: value(x), gradFunc: (dy: Scalar, saved: Tensor[]) => gradient(saved[0]!, dy) };
  });
  return tidy(() => op(field));
}

/** The derivative along spatial axis `i`, per unit of the spacing. */
export function derivative({ field, spacing }: PhysicalField, i: number): Tensor {
  const difference = forwardDifference(field, i + 1);
  return spacing[i] === 1 ? difference : mul(difference, 1 / spacing[i]!);
}

/** The transpose of `forwardDifference`: what a gradient to differences is for the values. */
function transposedDifference(dy: Tensor, axis: number): Tensor {
  const shifted = (before: 0 | 1) =>
    pad(
      dy,
      dy.shape.map((_, i): [number, number] => (i === axis ? [before, 1 - before] : [0, 0])),
    );
  return sub(shifted(1), shifted(0));
}
