import { differentiable } from '@sshn/ops';
import { mul, type Scalar, sigmoid, softmax, sub, sum, type Tensor } from '@tensorflow/tfjs-core';

/** A loss with its options settled: logits `[batch, ...spatial, labels]` and true labels in, a scalar out. */
export type Loss = (logits: Tensor, labels: Tensor) => Scalar;

/**
 * What the channels of logits stand for; never guessed from shapes.
 *
 * `'multiclass'`: one label per pixel, softmax over the last axis, label 0 the background. `'binary'`: one channel,
 * sigmoid, 1 the foreground. `'multilabel'`: a sigmoid for each channel; labels may overlap.
 */
export type Task = (typeof tasks)[number];
export const tasks = ['multiclass', 'binary', 'multilabel'] as const;

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

/** A scalar function's value at a tensor, and its gradient there. */
export type ValueAndGradient = [value: Tensor, gradient: Tensor];

/** A scalar function of one tensor whose gradient comes with its value rather than being derived op by op. */
export function withOwnGradient(x: Tensor, compute: (x: Tensor) => ValueAndGradient): Scalar {
  return differentiable([x], {
    forward: (input) => {
      const [value, gradient] = compute(input);
      return { value: value as Scalar, saved: [gradient] };
    },
    backward: (dy, gradient) => [mul(gradient, dy)],
  });
}

/** Sums of `[batch, ...spatial, labels]` over the spatial axes, kept with length 1; axis by axis, as `sumAll` of @sshn/ops. */
export function sumSpatial(x: Tensor): Tensor {
  let rest = x;
  for (let axis = x.rank - 2; axis >= 1; axis--) rest = sum(rest, axis, true);
  return rest;
}
