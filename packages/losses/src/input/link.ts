import { mul, sigmoid, softmax, sub, sum, type Tensor } from '@tensorflow/tfjs-core';
import type { Task } from './task.js';

/** From what a network puts out to probabilities, and back with a gradient. */
export interface Link {
  readonly probabilities: (output: Tensor) => Tensor;
  /** The gradient to the output, from that to the probabilities `p`. */
  readonly backward: (p: Tensor, gradient: Tensor) => Tensor;
}

/** Softmax for one label per pixel, else a sigmoid per channel; nothing where the output is probabilities already. */
export function linkOf(task: Task, fromLogits: boolean): Link {
  if (!fromLogits) return { probabilities: (p) => p, backward: (_, gradient) => gradient };
  return task === 'multiclass' ? softmaxLink : sigmoidLink;
}

const softmaxLink: Link = {
  probabilities: (z) => softmax(z),
  backward: (p, gradient) => {
    const weighted = mul(p, gradient);
    return sub(weighted, mul(p, sum(weighted, -1, true)));
  },
};

const sigmoidLink: Link = {
  probabilities: (z) => sigmoid(z),
  backward: (p, gradient) => mul(gradient, mul(p, sub(1, p))),
};
