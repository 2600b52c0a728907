export type { Interpolation, Padding, Sampling } from '@sshn/ops';
export { fitAffine } from './affine/fit.js';
export {
  type AffineMatrix,
  affineField,
  composeAffine,
  composeAffineField,
  invertAffine,
  resampleAffine,
} from './affine/matrix.js';
export {
  type AffineCenter,
  type AffineParameters,
  affineMatrix,
  affineParameters,
} from './affine/parameters.js';
export {
  type AffineReference,
  affineReference,
  affineReferenceOption,
  alignToReference,
} from './affine/reference.js';
export {
  type AffineKind,
  type AffineProgress,
  type AffineRegistration,
  type AffineRegistrationOptions,
  affineCoverage,
  affineKinds,
  type ImageArray,
  registerAffine,
} from './affine/register.js';
export { composeFields } from './fields/compose.js';
export { type Integration, integrateInverse, integrateVelocity } from './fields/integrate.js';
export { type Inversion, type InvertedField, inverseOf, invertField } from './fields/invert.js';
export { resampleField, resampleImage, type Spacings } from './fields/resample.js';
export { mmToVoxels, rescaleField, voxelsToMm } from './fields/rescale.js';
export { type JacobianStatistics, jacobianDeterminant, jacobianStatistics } from './jacobian.js';
export {
  type FlowResolution,
  fieldOf,
  flowResolutions,
  pairImages,
  type RegistrationNetworkConfig,
  type RegistrationNetworkSpecs,
  registrationNetwork,
} from './network/registration-network.js';
export {
  blend,
  type PairLabels,
  type RegistrationObjective,
  type RegularizerName,
  registrationLoss,
  regularizerNames,
  type SimilarityName,
  similarityLoss,
  similarityNames,
} from './objective/objective.js';
export { registrationOptions } from './objective/options.js';
export { type WarpedDiceOptions, warpedDiceLoss } from './objective/warped-dice.js';
export {
  type Point,
  type RegistrationError,
  sampleAt,
  targetRegistrationError,
  warpPoints,
} from './points.js';
export { type Refined, type RefineOptions, type RefineStep, refineField } from './refine/refine.js';
export type { SpacingOptions } from './regularizers.js';
export { bendingEnergy, diffusion, foldingPenalty, totalVariation } from './regularizers.js';
export { type GlobalNccOptions, globalNccLoss } from './similarity/global-ncc.js';
export { gradientDifferenceLoss } from './similarity/gradient-difference.js';
export { type LocalNccOptions, localNccLoss } from './similarity/local-ncc.js';
export { meanSquaredErrorLoss } from './similarity/mean-squared-error.js';
export { type MutualInformationOptions, mutualInformationLoss } from './similarity/mutual-information.js';
export { warp, warpLabels } from './warp/warp.js';
