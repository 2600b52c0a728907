import type { ParamsOf, Setting } from '@sshn/core';
import { type Batch, resizeLabels } from '@sshn/data';
import type { Scalable, ScalableSpecs } from '@sshn/hypernet';
import type { Loss } from '@sshn/losses';
import { addN, mul, type Scalar, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { crossEntropyOf, lossOf } from '../config/loss.js';
import type { RunConfig } from '../config/run-config.js';
import { diceOver } from '../evaluation/segment.js';
import type { Task } from './task.js';

/** Segmentation: cross-entropy first (paper, section 4.1), then the loss that is configured, soft Dice and cross-entropy by default. */
export function segmentation({ epochs, crossEntropyShare, loss, patches }: RunConfig): Task {
  const firstEpochs = Math.round(epochs * crossEntropyShare);
  const [first, main] = [crossEntropyOf(loss), lossOf(loss)];
  return {
    stage: (epoch) =>
      epoch < firstEpochs ? { phase: 'crossEntropy', isLast: false } : { phase: loss.name, isLast: true },
    draw: (at) => at,
    use: (at) => at,
    loss: (model, params, { images, batch, at, stage }) =>
      supervisedLoss(model, params, images, batch, at, stage.isLast ? main : first),
    accuracy: async (...args) => ({ dice: await diceOver(...args, patches?.size) }),
  };
}

/**
 * The loss of a model on a batch, to be differentiated: of its prediction or, where it is deeply supervised, of all
 * predictions, L₀ + L₁/2 + L₂/4 …, each against the labels resized to its size.
 *
 * *Source*: Lee et al., "Deeply-supervised nets" (2015); the weights are those of nnU-Net and MONAI ('exp').
 */
export function supervisedLoss(
  model: Scalable,
  params: ParamsOf<ScalableSpecs>,
  images: Tensor,
  batch: Pick<Batch, 'labels' | 'shape'>,
  at: Setting,
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

/** The labels of a batch at a size: each pixel takes the label at its center, so that labels are never mixed. */
function labelsOf({ labels, shape }: Pick<Batch, 'labels' | 'shape'>, size: readonly number[]): Tensor {
  const [count, ...from] = shape.slice(0, -1) as [number, ...number[]];
  if (from.join() === size.join()) return tensor(labels, [count, ...size], 'int32');
  const pixels = labels.length / count;
  const maps = Array.from({ length: count }, (_, i) => {
    const values = Uint8Array.from(labels.subarray(i * pixels, (i + 1) * pixels));
    return resizeLabels({ values, size: from }, size).values;
  });
  return tensor(Int32Array.from(maps.flatMap((map) => [...map])), [count, ...size], 'int32');
}
