import { requireOption } from '@sshn/core';
import { requireNumber } from '../../input/check-options.js';
import type { LabelScores } from '../summary/label-scores.js';
import { percentileOf } from '../summary/percentile.js';
import { type SurfaceMetric, scoreSurfaces } from './score-surfaces.js';
import { type Direction, type DistanceOptions, directions, oneEmptyDistance } from './surface-options.js';

/** How `hausdorffDistance` measures. */
export interface HausdorffOptions extends DistanceOptions {
  /** Which percentile of the distances of each direction, in [0, 100]; 95 for "HD95". @default 100, the largest */
  readonly percentile?: number;
  /** From one surface to the other, or the larger of both. @default 'both' */
  readonly direction?: Direction;
}

/**
 * Hausdorff distance of label maps, in mm: how far one surface is from the other at worst, or, as a percentile, nearly so.
 *
 * `HD_q = max(Q_q {d(x, ∂T) : x ∈ ∂P}, Q_q {d(x, ∂P) : x ∈ ∂T})`
 *
 * The surface ∂ of a label is its voxels with a face (in 2D an edge) to another label, to ignored voxels or to the border
 * of the grid; distances are exact, between centers of voxels. The percentile is taken in each direction, by linear
 * interpolation between order statistics (NumPy's default), and the larger one counts: as in MONAI. Absent from both: see
 * `empty`, 0 mm for `'one'`; absent from one: see `oneEmpty`. Ignored voxels belong to no label.
 *
 * @param predicted Labels of one case, the last axis of `shape` the fastest, integers 0 … labels − 1.
 * @param truth The same voxels' true labels.
 * @throws {ValueError} if sizes do not fit, at the first value that is no label, or if an option is out of range.
 * @throws {OptionError} if a word is none of its option's.
 * @example
 * hausdorffDistance(predicted, truth, { labels: 3, shape: [20, 64, 64], spacingMm: [3, 1, 1], percentile: 95 }).mean;
 *
 * *Source*: Huttenlocher et al., "Comparing images using the Hausdorff distance" (1993); percentile as in MONAI's
 * `HausdorffDistanceMetric`.
 */
export function hausdorffDistance(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  options: HausdorffOptions,
): LabelScores {
  const { percentile = 100, direction = 'both' } = options;
  requireNumber(
    'hausdorffDistance: percentile',
    percentile,
    (value) => value >= 0 && value <= 100,
    'a number from 0 to 100',
  );
  requireOption('direction', direction, directions);
  const whenOneEmpty = oneEmptyDistance('hausdorffDistance', options);
  const metric = hausdorffMetric(percentile, direction, whenOneEmpty);
  return scoreSurfaces('hausdorffDistance', predicted, truth, options, { metric }).metric;
}

export function hausdorffMetric(
  percentile: number,
  direction: Direction,
  whenOneEmpty: number,
): SurfaceMetric {
  return {
    score: ({ toTruth, toPrediction }) => {
      const there = direction === 'truthToPredicted' ? 0 : percentileOf(toTruth, percentile);
      const back = direction === 'predictedToTruth' ? 0 : percentileOf(toPrediction, percentile);
      return Math.max(there, back);
    },
    whenOneEmpty,
    perfect: 0,
  };
}
