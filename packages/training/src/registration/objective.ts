import {
  bendingEnergy,
  diffusion,
  fieldOf,
  globalNccLoss,
  gradientDifferenceLoss,
  localNccLoss,
  meanSquaredErrorLoss,
  mutualInformationLoss,
  totalVariation,
  warp,
} from '@sshn/registration';
import { add, mul, type Scalar, split, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { RegistrationConfig } from './config.js';

type Measure = (moved: Tensor, fixed: Tensor, config: RegistrationConfig) => Scalar;

const similarities: Record<RegistrationConfig['similarity'], Measure> = {
  mse: meanSquaredErrorLoss,
  localNcc: (moved, fixed, { window }) => localNccLoss(moved, fixed, { window }),
  globalNcc: (moved, fixed) => globalNccLoss(moved, fixed),
  mutualInformation: (moved, fixed) => mutualInformationLoss(moved, fixed),
  gradientDifference: gradientDifferenceLoss,
};

const regularizers: Record<RegistrationConfig['regularizer'], (flow: Tensor) => Scalar> = {
  totalVariation: (flow) => totalVariation(flow),
  diffusion: (flow) => diffusion(flow),
  bendingEnergy: (flow) => bendingEnergy(flow),
};

/**
 * What a registration network is trained for: `similarity + weight · regularizer`, or with a λ that the hypernetwork is told,
 * `(1 − λ) · similarity + λ · regularizer`.
 *
 * @param flow `[batch, ...grid, rank]`, what the network predicts; it is what the regularizer sees, in voxels of its grid.
 * @param pairs `[batch, ...spatial, 2 · channels]`, moving image first.
 * @param lambda In [0, 1]; undefined where the weight is fixed.
 *
 * *Source*: the paper, section 4.1; Hoopes et al., "HyperMorph" (2022), equation 3, for λ.
 */
export function registrationObjective(
  flow: Tensor,
  pairs: Tensor,
  config: RegistrationConfig,
  lambda?: number,
): Scalar {
  return tidy(() => {
    const [moving, fixed] = split(pairs, 2, -1) as [Tensor, Tensor];
    const moved = warp(moving, fieldOf(flow, pairs.shape.slice(1, -1), config));
    const similarity = similarities[config.similarity](moved, fixed, config);
    const penalty = regularizers[config.regularizer](flow);
    if (lambda === undefined) return add(similarity, mul(penalty, config.weight)) as Scalar;
    return add(mul(similarity, 1 - lambda), mul(penalty, lambda)) as Scalar;
  });
}
