import type { ParamsOf, Rescaling } from '@sshn/core';
import type { Dataset } from '@sshn/data';
import { type SurfaceScores, summarizeScores, surfaceScores } from '@sshn/losses';
import type { SegmentationModel } from '../methods/describe-network.js';
import { segment } from './segment.js';

/** How far the surfaces of predictions are from those of the truth. */
export interface SurfaceResult {
  /** Of the distances: millimeters, or pixels where the files of some image do not say how large a pixel is. */
  readonly unit: 'mm' | 'pixels';
  /** How far apart surfaces may be and still agree, in that unit. */
  readonly tolerance: number;
  /** 95th percentile of the Hausdorff distance, mean over labels and images. */
  readonly hausdorff95: number;
  /** Average symmetric surface distance, mean over labels and images. */
  readonly averageDistance: number;
  /** Normalized surface Dice within the tolerance, mean over labels and images, in [0, 1]. */
  readonly surfaceDice: number;
  /**
   * Image–label pairs of which only one of prediction and truth has a surface: their distances count as the diagonal of the
   * image, their surface Dice as 0.
   */
  readonly oneEmptyCases: number;
}

/** Images per forward pass. */
const batchSize = 4;

/**
 * Distances between the surfaces of predicted and true labels of a model over images at one rescaling, label by label, the
 * background left out.
 *
 * @param tolerance Of the surface Dice, in mm or, where pixels have no known size, in pixels; ≥ 0.
 */
export async function surfaceOver(
  model: SegmentationModel,
  params: ParamsOf<SegmentationModel['specs']>,
  dataset: Dataset,
  ids: readonly string[],
  at: Rescaling,
  tolerance: number,
): Promise<SurfaceResult> {
  const spacings = await Promise.all(ids.map(async (id) => (await dataset.load(id)).spacingMm));
  const areKnown = spacings.every((spacing) => spacing !== undefined);
  const labels = dataset.labelNames.length;
  const cases: SurfaceScores[] = [];
  for await (const { batch, predicted } of segment(model, params, dataset, ids, at, batchSize)) {
    const pixels = predicted.length / batch.ids.length;
    for (let i = 0; i < batch.ids.length; i++) {
      const part = (values: Int32Array) => values.subarray(i * pixels, (i + 1) * pixels);
      const spacingMm = areKnown ? spacings[cases.length]! : dataset.size.map(() => 1);
      const options = {
        labels,
        shape: dataset.size,
        spacingMm,
        toleranceMm: tolerance,
        oneEmpty: 'diagonal',
      } as const;
      cases.push(surfaceScores(part(predicted), part(batch.labels), options));
    }
  }
  const mean = (metric: keyof SurfaceScores) => summarizeScores(cases.map((one) => one[metric])).mean;
  return {
    unit: areKnown ? 'mm' : 'pixels',
    tolerance,
    hausdorff95: mean('hausdorff95'),
    averageDistance: mean('averageDistance'),
    surfaceDice: mean('surfaceDice'),
    oneEmptyCases: cases.reduce((sum, { hausdorff95 }) => sum + hausdorff95.oneEmptyLabels.length, 0),
  };
}
