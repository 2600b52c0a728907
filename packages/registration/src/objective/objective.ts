import { requireOption, ValueError } from '@sshn/core';
import { add, mul, type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { fieldOf } from '../network/registration-network.js';
import { bendingEnergy } from '../regularizers/bending-energy.js';
import { diffusion } from '../regularizers/diffusion.js';
import { totalVariation } from '../regularizers/total-variation.js';
import { globalNccLoss } from '../similarity/global-ncc.js';
import { gradientDifferenceLoss } from '../similarity/gradient-difference.js';
import { localNccLoss } from '../similarity/local-ncc.js';
import { meanSquaredErrorLoss } from '../similarity/mean-squared-error.js';
import { mutualInformationLoss } from '../similarity/mutual-information.js';
import { warp } from '../warp/warp.js';

/** Names of what makes a moved and a fixed image alike. */
export const similarityNames = [
  'mse',
  'localNcc',
  'globalNcc',
  'mutualInformation',
  'gradientDifference',
] as const;

/** Names of what makes a field smooth. */
export const regularizerNames = ['totalVariation', 'diffusion', 'bendingEnergy'] as const;

/** A word for what makes images alike. */
export type SimilarityName = (typeof similarityNames)[number];

/** A word for what makes a field smooth. */
export type RegularizerName = (typeof regularizerNames)[number];

/** What a registration is after. */
export interface RegistrationObjective {
  readonly similarity: SimilarityName;
  /** Edge of the window of 'localNcc', in voxels, odd. @default 9 */
  readonly window?: number;
  readonly regularizer: RegularizerName;
  /** Weight of the regularizer beside the similarity, ≥ 0. Of no meaning where a λ is given. */
  readonly weight: number;
  /** In [0, 1]: `(1 − λ) · similarity + λ · regularizer`, in place of the weight. */
  readonly lambda?: number;
  /** Of scaling and squaring from a velocity to a displacement; 0 if the flow is a displacement. */
  readonly integrationSteps: number;
}

type Measure = (moved: Tensor, fixed: Tensor, objective: { readonly window?: number }) => Scalar;

const similarities: Record<SimilarityName, Measure> = {
  mse: meanSquaredErrorLoss,
  localNcc: (moved, fixed, { window }) => localNccLoss(moved, fixed, window === undefined ? {} : { window }),
  globalNcc: (moved, fixed) => globalNccLoss(moved, fixed),
  mutualInformation: (moved, fixed) => mutualInformationLoss(moved, fixed),
  gradientDifference: gradientDifferenceLoss,
};

const regularizers: Record<RegularizerName, (flow: Tensor) => Scalar> = {
  totalVariation: (flow) => totalVariation(flow),
  diffusion: (flow) => diffusion(flow),
  bendingEnergy: (flow) => bendingEnergy(flow),
};

/**
 * How little two images are alike, by name; smaller is more alike.
 *
 * @param moved `[batch, ...spatial, channels]`. @param fixed Of the same shape.
 * @throws {OptionError} if there is no such similarity. @throws as that similarity does.
 * @example
 * const before = similarityLoss(moving, fixed, { similarity: 'localNcc' });
 */
export function similarityLoss(
  moved: Tensor,
  fixed: Tensor,
  options: { readonly similarity: SimilarityName; readonly window?: number },
): Scalar {
  requireOption('similarity', options.similarity, similarityNames);
  return similarities[options.similarity](moved, fixed, options);
}

/**
 * The loss of a flow that brings a moving image to a fixed one, warped by `field = fieldOf(flow)`:
 *
 * `similarity(warp(moving, field), fixed) + weight · regularizer(flow)`, or with a λ
 * `(1 − λ) · similarity(warp(moving, field), fixed) + λ · regularizer(flow)`
 *
 * Images `[batch, ...spatial, channels]`, flow `[batch, ...grid, rank]`, a displacement or a velocity in voxels of its own
 * grid, which is also where the regularizer is measured. Differentiable in the flow and in both images.
 *
 * @throws {OptionError} if there is no such similarity or regularizer.
 * @throws {ValueError} if the weight is negative or λ outside [0, 1]. @throws {ShapeError} if shapes do not fit.
 * @example
 * const loss = registrationLoss(flow, moving, fixed, { similarity: 'mse', regularizer: 'diffusion', weight: 0.01, integrationSteps: 7 });
 *
 * *Source*: the paper, section 4.1; Hoopes et al., "Learning the effect of registration hyperparameters with HyperMorph"
 * (2022), equation 3, for λ.
 */
export function registrationLoss(
  flow: Tensor,
  moving: Tensor,
  fixed: Tensor,
  objective: RegistrationObjective,
): Scalar {
  const { regularizer, weight, lambda } = objective;
  requireOption('regularizer', regularizer, regularizerNames);
  requireWeights(weight, lambda);
  return tidy(() => {
    const moved = warp(moving, fieldOf(flow, moving.shape.slice(1, -1), objective));
    const similarity = similarityLoss(moved, fixed, objective);
    const penalty = regularizers[regularizer](flow);
    if (lambda === undefined) return add(similarity, mul(penalty, weight)) as Scalar;
    return add(mul(similarity, 1 - lambda), mul(penalty, lambda)) as Scalar;
  });
}

function requireWeights(weight: number, lambda: number | undefined): void {
  if (!(weight >= 0 && weight < Infinity)) {
    throw new ValueError({
      where: 'registrationLoss: weight',
      got: weight,
      expected: 'a number of at least 0',
    });
  }
  if (lambda !== undefined && !(lambda >= 0 && lambda <= 1)) {
    throw new ValueError({ where: 'registrationLoss: lambda', got: lambda, expected: 'a number in [0, 1]' });
  }
}
