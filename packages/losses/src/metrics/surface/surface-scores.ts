import type { LabelScores } from '../summary/label-scores.js';
import { averageMetric } from './average-surface-distance.js';
import { hausdorffMetric } from './hausdorff-distance.js';
import { scoreSurfaces } from './score-surfaces.js';
import { type SurfaceDiceOptions, surfaceDiceMetric } from './surface-dice.js';
import { type DistanceOptions, oneEmptyDistance } from './surface-options.js';

/** The metrics of surfaces of one case. */
export interface SurfaceScores {
  /** Hausdorff distance in mm. */
  readonly hausdorff: LabelScores;
  /** Its 95th percentile in mm. */
  readonly hausdorff95: LabelScores;
  /** Average symmetric surface distance in mm. */
  readonly averageDistance: LabelScores;
  /** Normalized surface Dice, in [0, 1]. */
  readonly surfaceDice: LabelScores;
}

/**
 * All metrics of surfaces of one case, from distances that are computed once: `hausdorffDistance` (with percentile 100
 * and 95), `averageSurfaceDistance` and `surfaceDice`, which see.
 *
 * @param predicted Labels of one case, the last axis of `shape` the fastest, integers 0 … labels − 1.
 * @param truth The same voxels' true labels.
 * @throws {ValueError} if sizes do not fit, at the first value that is no label, or if an option is out of range.
 * @throws {OptionError} if a word is none of its option's.
 * @example
 * const { hausdorff95 } = surfaceScores(predicted, truth, {
 *   labels: 3, shape: [20, 64, 64], spacingMm: [3, 1, 1], toleranceMm: 1,
 * });
 */
export function surfaceScores(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  options: DistanceOptions & SurfaceDiceOptions,
): SurfaceScores {
  const whenOneEmpty = oneEmptyDistance('surfaceScores', options);
  return scoreSurfaces('surfaceScores', predicted, truth, options, {
    hausdorff: hausdorffMetric(100, 'both', whenOneEmpty),
    hausdorff95: hausdorffMetric(95, 'both', whenOneEmpty),
    averageDistance: averageMetric('both', whenOneEmpty),
    surfaceDice: surfaceDiceMetric('surfaceScores', options),
  });
}
