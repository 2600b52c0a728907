import type { ParamsOf, Rescaling, SpecNode } from '@sshn/core';
import { type Batch, batches, type Dataset } from '@sshn/data';
import { predictLabels } from '@sshn/losses';
import { dispose, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import type { SegmentationModel } from '../methods/describe-network.js';

/** A batch with the labels that a network gives its pixels. */
export interface SegmentedBatch {
  readonly batch: Batch;
  /** Predicted labels in the order of `batch.labels`. */
  readonly predicted: Int32Array;
}

/**
 * Segments images at one rescaling, with weights that are predicted once.
 *
 * @param params Of the model; stays the caller's.
 * @param batchSize Images per forward pass.
 */
export async function* segment(
  model: SegmentationModel,
  params: ParamsOf<SegmentationModel['specs']>,
  dataset: Dataset,
  ids: readonly string[],
  at: Rescaling,
  batchSize: number,
): AsyncGenerator<SegmentedBatch, void, void> {
  const weights = model.specialize(params, at);
  try {
    for await (const batch of batches(dataset, ids, { batchSize })) {
      yield { batch, predicted: await segmentBatch(model, weights, batch, at) };
    }
  } finally {
    dispose(weights as Tensor[]);
  }
}

async function segmentBatch(
  model: SegmentationModel,
  weights: ParamsOf<SpecNode>,
  batch: Batch,
  at: Rescaling,
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
