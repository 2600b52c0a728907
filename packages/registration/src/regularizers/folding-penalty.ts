import { meanAll } from '@sshn/ops';
import { neg, relu, type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { jacobianDeterminant } from '../jacobian.js';

/**
 * What a field folds: the mean over voxels of `relu(−det J)`, 0 where it folds nowhere.
 *
 * Of the displacement, in a model with velocities of the integrated one. Field `[batch, ...spatial, rank]`, voxels.
 *
 * @throws {ShapeError} if it is no field. @throws {ValueError} if it is not float32.
 * @example
 * const loss = add(meanSquaredErrorLoss(moved, fixed), mul(10, foldingPenalty(field)));
 *
 * *Source*: Mok and Chung, "Fast symmetric diffeomorphic image registration with convolutional neural networks" (2020),
 * equation 6.
 */
export function foldingPenalty(field: Tensor): Scalar {
  return tidy(() => meanAll(relu(neg(jacobianDeterminant(field)))));
}
