import type { ParamsOf, Rescaling, SpecNode } from '@sshn/core';
import { batches, type PairDataset } from '@sshn/data';
import { fieldOf, type JacobianStatistics, jacobianStatistics, warpLabels } from '@sshn/registration';
import { dispose, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import type { SegmentationModel } from '../methods/describe-network.js';

/** Pairs that were registered: their labels before, after and as they should be. */
export interface AlignedPair {
  readonly id: string;
  readonly movingLabels: Int32Array;
  /** The moving labels, warped (nearest). */
  readonly movedLabels: Int32Array;
  readonly fixedLabels: Int32Array;
  readonly field: JacobianStatistics;
}

/**
 * Registers pairs one by one, with weights that are predicted once.
 *
 * @param params Of the model; stays the caller's.
 */
export async function* align(
  model: SegmentationModel,
  params: ParamsOf<SegmentationModel['specs']>,
  dataset: PairDataset,
  ids: readonly string[],
  at: Rescaling,
  options: { readonly integrationSteps: number },
): AsyncGenerator<AlignedPair, void, void> {
  const weights = model.specialize(params, at);
  try {
    for await (const batch of batches(dataset, ids, { batchSize: 1 })) {
      const id = batch.ids[0]!;
      const { movingLabels } = await dataset.load(id);
      const before = Int32Array.from(movingLabels.values);
      const pair = tensor(batch.images, [...batch.shape], 'float32');
      const { field, moved } = registered(model, weights, pair, before, at, options);
      try {
        const [statistics] = await jacobianStatistics(field);
        const movedLabels = (await moved.data<'int32'>()).slice();
        yield { id, movingLabels: before, movedLabels, fixedLabels: batch.labels, field: statistics! };
      } finally {
        dispose([pair, field, moved]);
      }
    }
  } finally {
    dispose(weights as Tensor[]);
  }
}

function registered(
  model: SegmentationModel,
  weights: ParamsOf<SpecNode>,
  pair: Tensor,
  labels: Int32Array,
  at: Rescaling,
  options: { readonly integrationSteps: number },
): { field: Tensor; moved: Tensor } {
  return tidy(() => {
    const size = pair.shape.slice(1, -1);
    const field = fieldOf(model.network.apply(weights, pair, at), size, options);
    return { field, moved: warpLabels(tensor(labels, [1, ...size], 'int32'), field) };
  });
}
