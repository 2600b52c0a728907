import type { ParamsOf, Setting, SpecNode } from '@sshn/core';
import { type Batch, batches, type Dataset, type Example } from '@sshn/data';
import type { Scalable, ScalableSpecs } from '@sshn/hypernet';
import {
  diceScore,
  type LabelScores,
  predictLabels,
  type ScoreSummary,
  type SurfaceScores,
  summarizeScores,
  surfaceScores,
} from '@sshn/losses';
import { dispose, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { windowedLabels } from './windows.js';

/** A batch with the labels that a network gives its pixels. */
export interface SegmentedBatch {
  readonly batch: Batch;
  /** Predicted labels in the order of `batch.labels`. */
  readonly predicted: Int32Array;
}

/**
 * Segments images at one setting, with weights that are predicted once.
 *
 * @param params Of the model; stays the caller's.
 * @param batchSize Images per forward pass.
 * @param window Size of the overlapping windows in which images are predicted, one after the other. @default the whole image
 */
export async function* segment(
  model: Scalable,
  params: ParamsOf<ScalableSpecs>,
  dataset: Dataset,
  ids: readonly string[],
  at: Setting,
  batchSize: number,
  window?: readonly number[],
): AsyncGenerator<SegmentedBatch, void, void> {
  const weights = model.specialize(params, at);
  try {
    if (window === undefined) {
      for await (const batch of batches(dataset, ids, { batchSize })) {
        yield { batch, predicted: await segmentBatch(model, weights, batch, at) };
      }
      return;
    }
    const apply = (input: Tensor) => model.network.apply(weights, input, at);
    const labelCount = dataset.labelNames.length;
    for await (const batch of batches(dataset, ids, { batchSize: 1, prefetch: 1 })) {
      const image = { values: batch.images, size: batch.shape.slice(1, -1), channels: batch.shape.at(-1)! };
      yield { batch, predicted: Int32Array.from(await windowedLabels(image, { window, labelCount, apply })) };
    }
  } finally {
    dispose(weights as Tensor[]);
  }
}

async function segmentBatch(
  model: Scalable,
  weights: ParamsOf<SpecNode>,
  batch: Batch,
  at: Setting,
): Promise<Int32Array> {
  const labels = tidy(() => {
    const images = tensor(batch.images, [...batch.shape], 'float32');
    return predictLabels(model.network.apply(weights, images, at));
  });
  try {
    return (await labels.data<'int32'>()).slice();
  } finally {
    labels.dispose();
  }
}

/**
 * Hard Dice of a model over images at one setting; see `summarizeScores` for what is undefined and counted.
 *
 * @param window Size of the overlapping windows in which images are predicted: that of the patches of training. @default the whole image
 */
export async function diceOver(
  model: Scalable,
  params: ParamsOf<ScalableSpecs>,
  dataset: Dataset,
  ids: readonly string[],
  at: Setting,
  batchSize: number,
  window?: readonly number[],
): Promise<ScoreSummary> {
  const scores: LabelScores[] = [];
  for await (const { batch, predicted } of segment(model, params, dataset, ids, at, batchSize, window)) {
    const pixels = predicted.length / batch.ids.length;
    for (let i = 0; i < batch.ids.length; i++) {
      const part = <A extends Int32Array>(values: A) => values.subarray(i * pixels, (i + 1) * pixels);
      scores.push(diceScore(part(predicted), part(batch.labels), { labels: dataset.labelNames.length }));
    }
  }
  return summarizeScores(scores);
}

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

/**
 * Distances between the surfaces of predicted and true labels of a model over images at one setting, label by label, the
 * background left out.
 *
 * @param tolerance Of the surface Dice, in mm or, where pixels have no known size, in pixels; ≥ 0.
 * @param window As in `diceOver`.
 */
export async function surfaceOver(
  model: Scalable,
  params: ParamsOf<ScalableSpecs>,
  dataset: Dataset,
  ids: readonly string[],
  at: Setting,
  tolerance: number,
  window?: readonly number[],
): Promise<SurfaceResult> {
  const spacings: Array<Example['spacingMm']> = [];
  // One by one: all images at once may be more than the memory holds.
  for (const id of ids) spacings.push((await dataset.load(id)).spacingMm);
  const areKnown = spacings.every((spacing) => spacing !== undefined);
  const labels = dataset.labelNames.length;
  const cases: SurfaceScores[] = [];
  for await (const { batch, predicted } of segment(model, params, dataset, ids, at, 4, window)) {
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
