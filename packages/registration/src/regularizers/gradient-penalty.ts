import { add, mul, type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { meanAll } from '../reduce/mean-all.js';
import { type PhysicalField, physicalField, type SpacingOptions } from './field.js';
import { forwardDifference } from './forward-difference.js';

/** The mean over the axes of `mean(penalty(∂field/∂axis))`, by forward differences; axes of one voxel have none. */
export function gradientPenalty(
  where: string,
  displacement: Tensor,
  options: SpacingOptions,
  penalty: (derivative: Tensor) => Tensor,
): Scalar {
  const { field, spacing } = physicalField(where, displacement, options);
  return tidy(() => {
    const terms = spacing.flatMap((_, i) =>
      field.shape[i + 1]! > 1 ? [meanAll(penalty(derivative({ field, spacing }, i)))] : [],
    );
    return mul(terms.length === 0 ? meanAll(mul(field, 0)) : terms.reduce(add), 1 / spacing.length) as Scalar;
  });
}

/** The derivative along spatial axis `i`, per unit of the spacing. */
export function derivative({ field, spacing }: PhysicalField, i: number): Tensor {
  const difference = forwardDifference(field, i + 1);
  return spacing[i] === 1 ? difference : mul(difference, 1 / spacing[i]!);
}
