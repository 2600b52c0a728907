import type { ParamsOf, Rescaling } from '@sshn/core';
import type { Batch } from '@sshn/data';
import type { Loss } from '@sshn/losses';
import { addN, mul, type Scalar, type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { SegmentationModel } from '../methods/describe-network.js';
import { labelsAt } from './labels-at.js';

/**
 * The loss of a model on a batch, to be differentiated: of its prediction or, where it is deeply supervised, of all
 * predictions, L₀ + L₁/2 + L₂/4 …, each against the labels brought to its size.
 *
 * *Source*: Lee et al., "Deeply-supervised nets" (2015); the weights are those of nnU-Net and MONAI ('exp').
 */
export function supervisedLoss(
  model: SegmentationModel,
  params: ParamsOf<SegmentationModel['specs']>,
  images: Tensor,
  batch: Pick<Batch, 'labels' | 'shape'>,
  at: Rescaling,
  lossOf: Loss,
): Scalar {
  const { outputs } = model.network;
  if (outputs === undefined) {
    return lossOf(model.apply(params, images, at), labelsOf(batch, batch.shape.slice(1, -1)));
  }
  const predictions = model.withWeights(params, at, (weights) => outputs.apply(weights, images, at));
  const losses = predictions.map((logits, i) =>
    mul<Scalar>(lossOf(logits, labelsOf(batch, logits.shape.slice(1, -1))), 1 / 2 ** i),
  );
  return addN(losses);
}

function labelsOf({ labels, shape }: Pick<Batch, 'labels' | 'shape'>, size: readonly number[]): Tensor {
  const [count, ...rest] = shape.slice(0, -1) as [number, ...number[]];
  return tensor(labelsAt(labels, count, rest, size), [count, ...size], 'int32');
}
