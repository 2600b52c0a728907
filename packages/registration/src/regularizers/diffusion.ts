import { mul, type Scalar, square, type Tensor } from '@tensorflow/tfjs-core';
import type { SpacingOptions } from './field.js';
import { gradientPenalty } from './gradient-penalty.js';

/**
 * Diffusion regularizer of a displacement or velocity field: the mean over axes, components and voxels of `(∂u)²`, by
 * forward differences.
 *
 * Field `[batch, ...spatial, dimensions]` in voxels. 0 for a translation.
 *
 * @throws {ShapeError} if that is no field. @throws {ValueError} if the spacing does not fit.
 * @example
 * const loss = add(localNccLoss(moved, fixed), diffusion(velocity));
 *
 * *Source*: Fischer and Modersitzki, "Fast diffusion registration" (2002); VoxelMorph's `Grad('l2')`.
 */
export function diffusion(field: Tensor, options: SpacingOptions = {}): Scalar {
  return gradientPenalty('diffusion', field, options, { cost: square, slope: (d) => mul(d, 2) });
}
