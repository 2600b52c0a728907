import { ValueError } from '@sshn/core';
import { isNonNegative } from '../../input/check-options.js';
import type { LabelScores } from '../summary/label-scores.js';
import { type SurfaceMetric, scoreSurfaces } from './score-surfaces.js';
import type { SurfaceOptions } from './surface-options.js';

/** How `surfaceDice` measures. */
export interface SurfaceDiceOptions extends SurfaceOptions {
  /** How far apart surfaces may be and still agree, in mm, ≥ 0: for all labels, or label by label, the background first. */
  readonly toleranceMm: number | readonly number[];
}

/**
 * Normalized surface Dice (NSD) of label maps: the share of both surfaces that lies within a tolerance of the other.
 *
 * `NSD = (|{x ∈ ∂P : d(x, ∂T) ≤ τ}| + |{x ∈ ∂T : d(x, ∂P) ≤ τ}|) / (|∂P| + |∂T|)`, in [0, 1]
 *
 * Surfaces and ignored voxels as in `hausdorffDistance`; voxels of a surface count one each, whatever their area, as in
 * MONAI with `use_subvoxels=False`. A distance that exceeds τ by less than 1e-9 of it counts as τ, so that three steps of
 * 0.1 mm are within 0.3 mm. Absent from both: see `empty`; absent from one: 0.
 *
 * @param predicted Labels of one case, the last axis of `shape` the fastest, integers 0 … labels − 1.
 * @param truth The same voxels' true labels.
 * @throws {ValueError} if sizes do not fit, at the first value that is no label, or if an option is out of range.
 * @throws {OptionError} if `empty` is not one of its words.
 * @example
 * surfaceDice(predicted, truth, { labels: 3, shape: [64, 64], spacingMm: [0.8, 0.8], toleranceMm: 1 }).mean;
 *
 * *Source*: Nikolov et al., "Deep learning to achieve clinically applicable segmentation of head and neck anatomy" (2018).
 */
export function surfaceDice(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  options: SurfaceDiceOptions,
): LabelScores {
  const metric = surfaceDiceMetric('surfaceDice', options);
  return scoreSurfaces('surfaceDice', predicted, truth, options, { metric }).metric;
}

/** @throws {ValueError} if a tolerance is out of range, or there is not one for each label. */
export function surfaceDiceMetric(where: string, { toleranceMm, labels }: SurfaceDiceOptions): SurfaceMetric {
  const isList = typeof toleranceMm === 'object';
  const list = isList ? toleranceMm : [toleranceMm];
  if (!list.every(isNonNegative) || (isList && list.length !== labels)) {
    throw new ValueError({
      where: `${where}: toleranceMm`,
      got: toleranceMm,
      expected: `a number of mm of at least 0, or a list of ${labels}, one for each label`,
    });
  }
  return {
    score: ({ toTruth, toPrediction }, label) => {
      const tolerance = (isList ? list[label]! : list[0]!) * (1 + 1e-9);
      const within = (distances: Float64Array) =>
        distances.reduce((count, distance) => count + (distance <= tolerance ? 1 : 0), 0);
      return (within(toTruth) + within(toPrediction)) / (toTruth.length + toPrediction.length);
    },
    whenOneEmpty: 0,
    perfect: 1,
  };
}
