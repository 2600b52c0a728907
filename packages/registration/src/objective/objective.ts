import { requireOption, ValueError } from '@sshn/core';
import { add, addN, mul, neg, type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { spatialOf } from '../check.js';
import { fieldOf } from '../network/registration-network.js';
import { bendingEnergy, diffusion, foldingPenalty, totalVariation } from '../regularizers.js';
import { globalNccLoss } from '../similarity/global-ncc.js';
import { gradientDifferenceLoss } from '../similarity/gradient-difference.js';
import { localNccLoss } from '../similarity/local-ncc.js';
import { meanSquaredErrorLoss } from '../similarity/mean-squared-error.js';
import { mutualInformationLoss } from '../similarity/mutual-information.js';
import { warp } from '../warp/warp.js';
import { warpedDiceLoss } from './warped-dice.js';

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
  /** Weight of what the displacement folds (`foldingPenalty`), ≥ 0. @default 0 */
  readonly foldingWeight?: number;
  /**
   * Whether the fixed image has to fit the moving one as well, warped by the inverse: the similarity is then the mean of both
   * ways. Only of velocities, whose inverse is known. @default false
   */
  readonly bidirectional?: boolean;
  /** Weight of the soft Dice of warped labels (`warpedDiceLoss`), ≥ 0; needs labels. @default 0 */
  readonly diceWeight?: number;
  /** Of scaling and squaring from a velocity to a displacement; 0 if the flow is a displacement. */
  readonly integrationSteps: number;
}

/** Label maps of moving and fixed images, int32 `[batch, ...spatial]`. */
export interface PairLabels {
  readonly moving: Tensor;
  readonly fixed: Tensor;
  /** How many labels there are, the background included. */
  readonly count: number;
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
 * grid, which is also where the regularizer is measured. Differentiable in the flow and in both images. `foldingWeight` adds
 * a penalty on folds of the field, `bidirectional` takes the similarity both ways, and `diceWeight` the overlap of labels, on
 * the grid of the flow.
 *
 * @param labels Of the two images, where they are trained on.
 * @throws {OptionError} if there is no such similarity or regularizer.
 * @throws {ValueError} if a weight is negative, λ outside [0, 1], or a displacement is to be inverted. @throws {ShapeError} if shapes do not fit.
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
  labels?: PairLabels,
): Scalar {
  const { regularizer, lambda } = objective;
  const { weight, foldingWeight = 0, diceWeight = 0 } = objective;
  requireOption('regularizer', regularizer, regularizerNames);
  requireWeights({ weight, foldingWeight, diceWeight });
  return tidy(() => {
    // On the grid of the flow, and on that of the images.
    const own = fieldOf(flow, spatialOf(flow), objective);
    const field = fieldOf(own, spatialOf(moving), { integrationSteps: 0 });
    const similarity = similarityOf(flow, field, moving, fixed, objective);
    const penalty = regularizers[regularizer](flow);
    const loss =
      lambda === undefined ? add(similarity, mul(penalty, weight)) : blend(lambda, similarity, penalty);
    const terms = [loss];
    if (foldingWeight > 0) terms.push(mul(foldingPenalty(field), foldingWeight));
    if (diceWeight > 0 && labels !== undefined) {
      const overlap = warpedDiceLoss(own, labels.moving, labels.fixed, { labels: labels.count });
      terms.push(mul(overlap, diceWeight));
    }
    return addN(terms) as Scalar;
  });
}

/** Of the moving image on the fixed one, or the mean of that and the other way. */
function similarityOf(
  flow: Tensor,
  field: Tensor,
  moving: Tensor,
  fixed: Tensor,
  objective: RegistrationObjective,
): Scalar {
  const there = similarityLoss(warp(moving, field), fixed, objective);
  if (!objective.bidirectional) return there;
  if (objective.integrationSteps === 0) {
    throw new ValueError({
      where: 'registrationLoss: bidirectional',
      got: 'a displacement',
      expected: 'a velocity, integrationSteps of 1 or more',
      hint: 'The inverse of a velocity is its negative; that of a displacement has to be searched.',
    });
  }
  const inverse = fieldOf(neg(flow), moving.shape.slice(1, -1), objective);
  return mul(add(there, similarityLoss(warp(fixed, inverse), moving, objective)), 0.5) as Scalar;
}

function requireWeights(weights: Readonly<Record<string, number>>): void {
  for (const [name, weight] of Object.entries(weights)) {
    if (weight >= 0 && weight < Infinity) continue;
    throw new ValueError({
      where: `registrationLoss: ${name}`,
      got: weight,
      expected: 'a number of at least 0',
    });
  }
}

/**
 * Two losses that share one weight: `(1 − λ) · first + λ · second`.
 *
 * Where λ is an input of a hypernetwork, both ends of its range are problems of their own: similarity alone, and smoothness
 * alone. Differentiable in both.
 *
 * @throws {ValueError} if λ is not in [0, 1].
 * @example
 * const loss = blend(0.3, localNccLoss(moved, fixed), diffusion(flow));
 *
 * *Source*: Hoopes et al., "Learning the effect of registration hyperparameters with HyperMorph" (2022), equation 3.
 */
export function blend(lambda: number, first: Scalar, second: Scalar): Scalar {
  if (!(lambda >= 0 && lambda <= 1))
    throw new ValueError({ where: 'blend: lambda', got: lambda, expected: 'a number in [0, 1]' });
  return tidy(() => add(mul(first, 1 - lambda), mul(second, lambda)) as Scalar);
}
