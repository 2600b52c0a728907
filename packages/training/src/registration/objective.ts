import { fieldOf, registrationLoss, warpedDiceLoss } from '@sshn/registration';
import { add, mul, type Scalar, split, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { RegistrationConfig } from './config.js';

/**
 * What a registration network is trained for: `registrationLoss` of @sshn/registration on pairs, with the weight of the
 * configuration or a λ that the hypernetwork is told.
 *
 * @param flow `[batch, ...grid, rank]`, what the network predicts.
 * @param pairs `[batch, ...spatial, 2 · channels]`, moving image first.
 * @param options.lambda In [0, 1]; undefined where the weight is fixed.
 * @param options.labels Of the pairs, where labels are trained on: then weighted by `diceWeight`.
 */
export function registrationObjective(
  flow: Tensor,
  pairs: Tensor,
  config: RegistrationConfig,
  { lambda, labels }: { readonly lambda?: number | undefined; readonly labels?: PairLabels | undefined } = {},
): Scalar {
  return tidy(() => {
    const [moving, fixed] = split(pairs, 2, -1) as [Tensor, Tensor];
    const loss = registrationLoss(flow, moving, fixed, {
      ...config,
      ...(lambda === undefined ? {} : { lambda }),
    });
    if (labels === undefined || config.diceWeight === 0) return loss;
    const field = fieldOf(flow, moving.shape.slice(1, -1), config);
    const overlap = warpedDiceLoss(field, labels.moving, labels.fixed, { labels: labels.count });
    return add(loss, mul(overlap, config.diceWeight)) as Scalar;
  });
}

/** Label maps of pairs, int32 `[batch, ...spatial]`. */
export interface PairLabels {
  readonly moving: Tensor;
  readonly fixed: Tensor;
  /** How many labels there are, the background included. */
  readonly count: number;
}
