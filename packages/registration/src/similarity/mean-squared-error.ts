import { meanAll } from '@sshn/ops';
import { mul, type Scalar, sub, type Tensor } from '@tensorflow/tfjs-core';
import { checkPair } from './inputs.js';
import { withOwnGradients } from './pair-loss.js';

/**
 * Mean squared difference of two images, the similarity of the paper's registration: `mean((moved − fixed)²)`.
 *
 * Both images `[batch, ...spatial, channels]`, intensities on one scale. Divide by twice the variance of the image noise
 * for the likelihood that VoxelMorph's `image_sigma` means.
 *
 * @throws {ShapeError} if the shapes differ.
 * @example
 * const loss = meanSquaredErrorLoss(warp(moving, field), fixed);
 *
 * *Source*: the paper, section 4.1; Balakrishnan et al., "VoxelMorph" (2019), equation 3.
 */
export function meanSquaredErrorLoss(moved: Tensor, fixed: Tensor): Scalar {
  checkPair('meanSquaredErrorLoss', moved, fixed);
  return withOwnGradients(moved, fixed, (a, b) => {
    const difference = sub(a, b);
    const toMoved = mul(difference, 2 / a.size);
    return [meanAll(mul(difference, difference)), toMoved, mul(toMoved, -1)];
  });
}
