import { requireIntegers } from '@sshn/core';
import { div, neg, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { requireField } from '../check.js';
import { composeFields } from './compose.js';

/** How finely a velocity is integrated. */
export interface Integration {
  /** Halvings of the unit of time: the first step is 1 / 2^integrationSteps. @default 7 */
  readonly integrationSteps?: number;
}

/**
 * Displacement after one unit of time in a stationary velocity field, by scaling and squaring:
 * u = v / 2^n, then n times u ← u ∘ u.
 *
 * Where the velocity is smooth the result is a diffeomorphism: it folds nowhere, and `integrateInverse` of the same
 * velocity undoes it. Differentiable.
 *
 * @param velocity `[batch, ...spatial, rank]`, voxels per unit of time.
 * @param options.integrationSteps Integer ≥ 0; 0 takes the velocity for the displacement. 7 is enough for velocities up
 *   to some tens of voxels.
 * @returns Displacement of the same shape, voxels.
 * @throws {ShapeError} if it is no field. @throws {ValueError} if it is not float32, or the steps are not a count.
 * @example
 * const field = integrateVelocity(velocity);   // [1, 64, 64, 2] -> [1, 64, 64, 2]
 *
 * *Source*: Arsigny et al., A log-Euclidean framework for statistics on diffeomorphisms, MICCAI 2006; Dalca et al.,
 * Unsupervised learning for fast probabilistic diffeomorphic registration, MICCAI 2018.
 */
export function integrateVelocity(velocity: Tensor, { integrationSteps = 7 }: Integration = {}): Tensor {
  requireField('integrateVelocity', velocity);
  requireIntegers('integrateVelocity', { integrationSteps }, 0);
  return tidy(() => {
    let field = div(velocity, 2 ** integrationSteps);
    for (let step = 0; step < integrationSteps; step++) field = composeFields(field, field);
    return field;
  });
}

/**
 * The inverse of `integrateVelocity`: the same velocity, backwards in time. Warping by one and then by the other changes
 * nothing but for interpolation.
 *
 * @param velocity `[batch, ...spatial, rank]`, voxels per unit of time.
 * @returns Displacement of the same shape, voxels.
 * @throws {ShapeError} if it is no field. @throws {ValueError} if it is not float32, or the steps are not a count.
 * @example
 * const fixedOnMoving = warp(fixed, integrateInverse(velocity));
 */
export function integrateInverse(velocity: Tensor, options: Integration = {}): Tensor {
  requireField('integrateInverse', velocity);
  return tidy(() => integrateVelocity(neg(velocity), options));
}
