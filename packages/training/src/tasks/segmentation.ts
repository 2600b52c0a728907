import { crossEntropy } from '@sshn/losses';
import { lossOf } from '../config/loss-config.js';
import type { RunConfig } from '../config/run-config.js';
import { diceOver } from '../evaluation/dice-over.js';
import { supervisedLoss } from '../trainer/supervised-loss.js';
import type { Task } from './task.js';

/** Segmentation: cross-entropy first, then the loss that is configured, soft Dice by default (paper, section 4.1). */
export function segmentation({ epochs, crossEntropyShare, loss }: RunConfig): Task {
  const firstEpochs = Math.round(epochs * crossEntropyShare);
  const main = lossOf(loss);
  return {
    stage: (epoch) =>
      epoch < firstEpochs ? { phase: 'crossEntropy', isLast: false } : { phase: loss.name, isLast: true },
    draw: (at) => at,
    use: (at) => at,
    loss: (model, params, { images, batch, at, stage }) =>
      supervisedLoss(model, params, images, batch, at, stage.isLast ? main : crossEntropy),
    accuracy: async (...args) => ({ dice: await diceOver(...args) }),
  };
}
