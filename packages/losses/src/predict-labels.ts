import { argMax, type Tensor } from '@tensorflow/tfjs-core';
import { checkLogits } from './input/labels.js';

/**
 * The most likely label of each pixel; on a tie, the lower one.
 *
 * @param logits `[batch, ...spatial, labels]`; probabilities will do as well.
 * @returns int32 `[batch, ...spatial]`.
 * @throws {ShapeError} if there are fewer than two labels.
 * @example
 * const labels = predictLabels(network.apply(params, images, at));
 */
export function predictLabels(logits: Tensor): Tensor {
  checkLogits('predictLabels', logits);
  return argMax(logits, -1);
}
