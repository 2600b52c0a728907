import { requireOption } from '@sshn/core';
import type { LabelScores } from '../summary/label-scores.js';
import { type SurfaceMetric, scoreSurfaces } from './score-surfaces.js';
import { type Direction, type DistanceOptions, directions, oneEmptyDistance } from './surface-options.js';

/** How `averageSurfaceDistance` measures. */
export interface AverageSurfaceDistanceOptions extends DistanceOptions {
  /** From one surface to the other, or over the voxels of both. @default 'both' */
  readonly direction?: Direction;
}

/**
 * Average symmetric surface distance (ASSD) of label maps, in mm.
 *
 * `ASSD = (Σ_{x ∈ ∂P} d(x, ∂T) + Σ_{x ∈ ∂T} d(x, ∂P)) / (|∂P| + |∂T|)`
 *
 * With another `direction`, one of the sums over the number of its own voxels (ASD). Surfaces, absent labels and ignored
 * voxels as in `hausdorffDistance`.
 *
 * @param predicted Labels of one case, the last axis of `shape` the fastest, integers 0 … labels − 1.
 * @param truth The same voxels' true labels.
 * @throws {ValueError} if sizes do not fit, at the first value that is no label, or if an option is out of range.
 * @throws {OptionError} if a word is none of its option's.
 * @example
 * averageSurfaceDistance(predicted, truth, { labels: 3, shape: [64, 64], spacingMm: [0.8, 0.8] }).perLabel.get(1);
 *
 * *Source*: Heimann et al., "Comparison and evaluation of methods for liver segmentation" (2009), section II.C.
 */
export function averageSurfaceDistance(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  options: AverageSurfaceDistanceOptions,
): LabelScores {
  const { direction = 'both' } = options;
  requireOption('direction', direction, directions);
  const metric = averageMetric(direction, oneEmptyDistance('averageSurfaceDistance', options));
  return scoreSurfaces('averageSurfaceDistance', predicted, truth, options, { metric }).metric;
}

export function averageMetric(direction: Direction, whenOneEmpty: number): SurfaceMetric {
  return {
    score: ({ toTruth, toPrediction }) => {
      const parts = [
        ...(direction === 'truthToPredicted' ? [] : [toTruth]),
        ...(direction === 'predictedToTruth' ? [] : [toPrediction]),
      ];
      const sum = parts.reduce((total, part) => part.reduce((rest, d) => rest + d, total), 0);
      return sum / parts.reduce((total, { length }) => total + length, 0);
    },
    whenOneEmpty,
    perfect: 0,
  };
}
