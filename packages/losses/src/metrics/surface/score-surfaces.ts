import { type LabelScores, scoreLabels } from '../summary/label-scores.js';
import { labelRegions } from './label-regions.js';
import { distancesOf, type SurfaceDistances } from './surface-distances.js';
import type { SurfaceOptions } from './surface-options.js';

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
