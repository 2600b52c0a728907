import { abs, type Scalar, sign, type Tensor } from '@tensorflow/tfjs-core';
import type { SpacingOptions } from './field.js';
import { gradientPenalty } from './gradient-penalty.js';

/**
 * Total variation of a displacement field, the regularizer of the paper: the mean over axes, components and voxels of
 * `|∂u|`, by forward differences.
 *
 * Field `[batch, ...spatial, dimensions]` in voxels. 0 for a translation; allows sliding borders where diffusion smooths
 * them. The anisotropic form: axes are summed in absolute value, not under a root.
 *
 * @throws {ShapeError} if that is no field. @throws {ValueError} if the spacing does not fit.
 * @example
 * const loss = add(meanSquaredErrorLoss(moved, fixed), mul(0.01, totalVariation(field)));
 *
 * *Source*: the paper, section 4.1; Rudin, Osher, Fatemi (1992); VoxelMorph's `Grad('l1')`.
 */
export function totalVariation(field: Tensor, options: SpacingOptions = {}): Scalar {
  return gradientPenalty('totalVariation', field, options, { cost: abs, slope: sign });
}
