import { percentileOf, requireOption, ValueError } from '@sshn/core';
import { isNonNegative, requireNumber } from '../input/options.js';
import { type LabelScores, scoreLabels } from './summary.js';
import {
  type Direction,
  type DistanceOptions,
  directions,
  distancesOf,
  labelRegions,
  oneEmptyDistance,
  type SurfaceDistances,
  type SurfaceOptions,
} from './surface-distances.js';

/**
 * Scores all labels of a case by the distances between their surfaces.
 *
 * @param metrics How each metric scores a label whose surfaces both exist; `whenOneEmpty`, what it is where one does not;
 *   `perfect`, what it is at its best.
 */
export function scoreSurfaces<Name extends string>(
  where: string,
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  options: SurfaceOptions,
  metrics: Readonly<Record<Name, SurfaceMetric>>,
): Record<Name, LabelScores> {
  const { labels, empty, includeBackground, ignoreLabel, shape, spacingMm } = options;
  const grid = { shape, ...(spacingMm === undefined ? {} : { spacingMm }) };
  const policy = {
    ...(empty === undefined ? {} : { empty }),
    ...(includeBackground === undefined ? {} : { includeBackground }),
    ...(ignoreLabel === undefined ? {} : { ignoreLabel }),
  };
  const regions = labelRegions(where, predicted, truth, {
    ...grid,
    labels,
    ...(ignoreLabel === undefined ? {} : { ignoreLabel }),
  });
  // Distances are dear: once for each label, whatever the number of metrics, and not for labels that are not scored.
  const known = new Map<number, { isOneEmpty: boolean; distances: SurfaceDistances | undefined }>();
  const lookAt = (label: number) => {
    const before = known.get(label);
    if (before !== undefined) return before;
    const region = regions.region(label);
    const isOneEmpty = region.predicted !== region.truth;
    const now = { isOneEmpty, distances: isOneEmpty ? undefined : distancesOf(region, grid) };
    known.set(label, now);
    return now;
  };
  const entries = (Object.entries(metrics) as Array<[Name, SurfaceMetric]>).map(([name, metric]) => {
    const score = (label: number) => {
      const { distances } = lookAt(label);
      return distances === undefined ? metric.whenOneEmpty : metric.score(distances, label);
    };
    return [name, scoreLabels(labels, regions.presence, score, policy, metric.perfect)] as const;
  });
  return Object.fromEntries(entries) as Record<Name, LabelScores>;
}

/** How one metric makes a score of distances. */
export interface SurfaceMetric {
  readonly score: (distances: SurfaceDistances, label: number) => number;
  readonly whenOneEmpty: number;
  readonly perfect: number;
}

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
