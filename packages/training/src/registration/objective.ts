import { registrationLoss } from '@sshn/registration';
import { type Scalar, split, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { RegistrationConfig } from './config.js';

/**
 * What a registration network is trained for: `registrationLoss` of @sshn/registration on pairs, with the weight of the
 * configuration or a λ that the hypernetwork is told.
 *
 * @param flow `[batch, ...grid, rank]`, what the network predicts.
 * @param pairs `[batch, ...spatial, 2 · channels]`, moving image first.
 * @param lambda In [0, 1]; undefined where the weight is fixed.
 */
export function registrationObjective(
  flow: Tensor,
  pairs: Tensor,
  config: RegistrationConfig,
  lambda?: number,
): Scalar {
  return tidy(() => {
    const [moving, fixed] = split(pairs, 2, -1) as [Tensor, Tensor];
    return registrationLoss(flow, moving, fixed, { ...config, ...(lambda === undefined ? {} : { lambda }) });
  });
}
