import { meanAll } from '@sshn/ops';
import { add, mul, type Scalar, square, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { physicalField, type SpacingOptions } from './field.js';
import { derivative } from './gradient-penalty.js';

/**
 * Bending energy of a displacement field: the mean over components and voxels of `Σ_ij (∂²u / ∂x_i ∂x_j)²`, by forward
 * differences taken twice.
 *
 * Field `[batch, ...spatial, dimensions]` in voxels. 0 for every affine transform, which diffusion would punish. Axes with
 * too few voxels for a second difference do not count.
 *
 * @throws {ShapeError} if that is no field. @throws {ValueError} if the spacing does not fit.
 * @example
 * const loss = add(localNccLoss(moved, fixed), mul(0.1, bendingEnergy(field)));
 *
 * *Source*: Rueckert et al., "Nonrigid registration using free-form deformations" (1999), equation 8.
 */
export function bendingEnergy(displacement: Tensor, options: SpacingOptions = {}): Scalar {
  const { field, spacing } = physicalField('bendingEnergy', displacement, options);
  return tidy(() => {
    const terms: Tensor[] = [];
    for (let i = 0; i < spacing.length; i++) {
      for (let j = i; j < spacing.length; j++) {
        const needed = i === j ? [i, i] : [i, j];
        if (needed.some((axis) => field.shape[axis + 1]! <= (i === j ? 2 : 1))) continue;
        const second = derivative({ field: derivative({ field, spacing }, i), spacing }, j);
        // Mixed derivatives stand twice in the sum.
        terms.push(mul(meanAll(square(second)), i === j ? 1 : 2));
      }
    }
    return (terms.length === 0 ? meanAll(mul(field, 0)) : terms.reduce(add)) as Scalar;
  });
}
