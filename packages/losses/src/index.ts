export { type BoundaryOptions, boundaryLoss, boundaryLossOfMaps } from './boundary/boundary-loss.js';
export { signedDistances } from './boundary/signed-distances.js';
export {
  createLoss,
  type LossConfig,
  type LossName,
  type LossOptions,
  lossNames,
  lossOptionNames,
  type WeightedSumConfig,
} from './choice/create-loss.js';
export { lossOptions } from './choice/options.js';
export { weightedSum } from './choice/weighted-sum.js';
export { distanceTransform, type Grid } from './distance-transform.js';
export { type CrossEntropyOptions, crossEntropy } from './distribution/cross-entropy.js';
export { type FocalOptions, focalLoss } from './distribution/focal-loss.js';
export type { Loss, Task } from './input/loss.js';
export { type Agreement, agreement, mostProbable } from './metrics/agreement.js';
export {
  type ImageErrors,
  imageErrors,
  type StructuralSimilarityOptions,
  structuralSimilarity,
} from './metrics/images.js';
export {
  accuracyScore,
  type ConfusionCounts,
  confusionCounts,
  diceFromCounts,
  diceScore,
  diceScoresOfBatch,
  jaccardScore,
  type OverlapMetric,
  type OverlapOptions,
  type OverlapScore,
  overlapFromCounts,
  overlapMetrics,
  overlapScores,
  precisionScore,
  recallScore,
  specificityScore,
  volumeSimilarity,
} from './metrics/overlap.js';
export {
  bootstrapInterval,
  type EmptyPolicy,
  type LabelScores,
  type LabelSummary,
  type ScoreOptions,
  type ScoreSummary,
  type Summary,
  type SummaryOptions,
  summarizeScores,
} from './metrics/summary.js';
export type { Direction, DistanceOptions, SurfaceOptions } from './metrics/surface-distances.js';
export {
  type AverageSurfaceDistanceOptions,
  averageSurfaceDistance,
  type HausdorffOptions,
  hausdorffDistance,
  type SurfaceDiceOptions,
  type SurfaceScores,
  surfaceDice,
  surfaceScores,
} from './metrics/surface-metrics.js';
export { predictLabels } from './predict-labels.js';
export {
  type GeneralizedDiceOptions,
  generalizedDiceLoss,
  type SizeWeighting,
} from './region/generalized-dice-loss.js';
export { type JaccardOptions, jaccardLoss } from './region/jaccard-loss.js';
export { type LovaszClasses, type LovaszOptions, lovaszLoss } from './region/lovasz-loss.js';
export type { RegionOptions, ScoredLabels } from './region/region-options.js';
export { type SoftDiceOptions, softDiceLoss } from './region/soft-dice-loss.js';
export { focalTverskyLoss, type TverskyOptions, tverskyLoss } from './region/tversky-loss.js';
