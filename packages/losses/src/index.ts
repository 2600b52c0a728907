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
export { distanceTransform } from './distance-transform/distance-transform.js';
export type { Grid } from './distance-transform/grid.js';
export { type CrossEntropyOptions, crossEntropy } from './distribution/cross-entropy.js';
export { type FocalOptions, focalLoss } from './distribution/focal-loss.js';
export type { Loss } from './input/loss.js';
export type { Task } from './input/task.js';
export { type ImageErrors, imageErrors } from './metrics/images/image-errors.js';
export {
  type StructuralSimilarityOptions,
  structuralSimilarity,
} from './metrics/images/structural-similarity.js';
export { type ConfusionCounts, confusionCounts } from './metrics/overlap/confusion-counts.js';
export { diceScoresOfBatch } from './metrics/overlap/dice-scores-of-batch.js';
export {
  accuracyScore,
  diceFromCounts,
  diceScore,
  jaccardScore,
  type OverlapScore,
  precisionScore,
  recallScore,
  specificityScore,
  volumeSimilarity,
} from './metrics/overlap/named-scores.js';
export {
  type OverlapMetric,
  type OverlapOptions,
  overlapFromCounts,
  overlapMetrics,
  overlapScores,
} from './metrics/overlap/overlap-scores.js';
export { bootstrapInterval } from './metrics/summary/bootstrap.js';
export type { EmptyPolicy, LabelScores, ScoreOptions } from './metrics/summary/label-scores.js';
export { percentileOf } from './metrics/summary/percentile.js';
export {
  type LabelSummary,
  type ScoreSummary,
  type Summary,
  type SummaryOptions,
  summarizeScores,
} from './metrics/summary/summarize-scores.js';
export {
  type AverageSurfaceDistanceOptions,
  averageSurfaceDistance,
} from './metrics/surface/average-surface-distance.js';
export { type HausdorffOptions, hausdorffDistance } from './metrics/surface/hausdorff-distance.js';
export { type SurfaceDiceOptions, surfaceDice } from './metrics/surface/surface-dice.js';
export type { Direction, DistanceOptions, SurfaceOptions } from './metrics/surface/surface-options.js';
export { type SurfaceScores, surfaceScores } from './metrics/surface/surface-scores.js';
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
