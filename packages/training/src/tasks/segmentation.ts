import type { ParamsOf } from '@sshn/core';
import { type Batch, resizeLabels } from '@sshn/data';
import type { Scalable, ScalableSpecs } from '@sshn/hypernet';
import { crossEntropy, type Loss } from '@sshn/losses';
import { add, addN, mul, type Scalar, slice, softmax, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { crossEntropyOf, lossOf } from '../config/loss.js';
import type { RunConfig } from '../config/run-config.js';
import { diceOver } from '../evaluation/segment.js';
import { meanOverImages, type StepPart, type Task } from './task.js';

/** Segmentation: cross-entropy first (paper, section 4.1), then the loss that is configured, soft Dice and cross-entropy by default. */
export function segmentation({ epochs, crossEntropyShare, loss, patches, knobs }: RunConfig): Task {
  const firstEpochs = Math.round(epochs * crossEntropyShare);
  const [first, main] = [crossEntropyOf(loss), lossOf(loss)];
  return {
    stage: (epoch) =>
      epoch < firstEpochs ? { phase: 'crossEntropy', isLast: false } : { phase: loss.name, isLast: true },
    draw: (at) => at,
    use: (at) => at,
    loss: (model, params, parts) => {
      const lossOf = parts[0]!.stage.isLast ? main : first;
      return knobs.distillation === undefined || parts.length === 1
        ? meanOverImages(parts, (part) =>
            supervisedLoss(predictionsOf(model, params, part), part.batch, lossOf),
          )
        : distilledLoss(model, params, parts, lossOf, knobs.distillation);
    },
    accuracy: async (...args) => ({ dice: await diceOver(...args, patches?.size) }),
  };
}

/**
 * Logits of a model, `[batch, ...size, labels]`: its prediction or, where it is deeply supervised, all of them, that at the images' size
 * first.
 */
export function predictionsOf(
  model: Scalable,
  params: ParamsOf<ScalableSpecs>,
  { images, at }: Pick<StepPart, 'images' | 'at'>,
): Tensor[] {
  const { outputs } = model.network;
  return outputs === undefined
    ? [model.apply(params, images, at)]
    : model.withWeights(params, at, (weights) => outputs.apply(weights, images, at));
}

/**
 * The loss of predictions, L₀ + L₁/2 + L₂/4 …, each against the labels resized to its size.
 *
 * *Source*: Lee et al., "Deeply-supervised nets" (2015); the weights are those of nnU-Net and MONAI ('exp').
 */
export function supervisedLoss(
  predictions: readonly Tensor[],
  batch: Pick<Batch, 'labels' | 'shape'>,
  lossOf: Loss,
): Scalar {
  const losses = predictions.map((logits, i) =>
    mul<Scalar>(lossOf(logits, labelsOf(batch, logits.shape.slice(1, -1))), 1 / 2 ** i),
  );
  return losses.length === 1 ? losses[0]! : addN(losses);
}

/**
 * The loss where the whole network teaches the others. Half of it is the loss of the whole network, half the mean of the others'.
 * A share of each of those is the cross-entropy to the probabilities that the whole network predicts; no gradient flows through
 * these.
 *
 * *Source*: Yu & Huang, "Universally slimmable networks and improved training techniques" (2019), inplace distillation; that
 * has a share of 1.
 *
 * @param parts The last is the whole network, which sees all images of the step.
 * @param share In (0, 1].
 */
function distilledLoss(
  model: Scalable,
  params: ParamsOf<ScalableSpecs>,
  parts: readonly StepPart[],
  lossOf: Loss,
  share: number,
): Scalar {
  const predictions = parts.map((part) => predictionsOf(model, params, part));
  const [whole, taught] = [parts.at(-1)!, predictions.at(-1)!];
  const probabilities = softmax(taught[0]!);
  const others = meanOverImages(parts.slice(0, -1), ({ batch, first }, i) => {
    const own = predictions[i]!;
    const toTeacher = crossEntropy(own[0]!, slice(probabilities, first, batch.ids.length));
    return add(mul(supervisedLoss(own, batch, lossOf), 1 - share), mul(toTeacher, share));
  });
  return mul(add(supervisedLoss(taught, whole.batch, lossOf), others), 0.5);
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
