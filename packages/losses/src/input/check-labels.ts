import { ShapeError, ValueError } from '@sshn/core';
import { cast, oneHot, type Tensor } from '@tensorflow/tfjs-core';
import type { Task } from './task.js';

/**
 * Checks that logits `[batch, ...spatial, labels]` and true labels belong together.
 *
 * @param labels Integers `[batch, ...spatial]`, or one-hot (soft) values of the logits' shape. `'multilabel'` takes the
 *   second alone.
 * @throws {ShapeError} if the shapes do not fit, an axis is empty or there are too few or too many labels for the task.
 * @throws {ValueError} if labels without a label axis are not int32.
 */
export function checkLabels(where: string, logits: Tensor, labels: Tensor, task: Task = 'multiclass'): void {
  checkLogits(where, logits, task);
  const isInteger = labels.rank === logits.rank - 1 && task !== 'multilabel';
  const expected = isInteger ? logits.shape.slice(0, -1) : logits.shape;
  if (labels.shape.join() !== expected.join()) {
    const pixels = `[${logits.shape.slice(0, -1).join(', ')}] (integers) or `;
    throw new ShapeError({
      where: `${where}: labels`,
      got: labels.shape,
      expected:
        `${task === 'multilabel' ? '' : pixels}[${logits.shape.join(', ')}] (one-hot) ` +
        `for logits of shape [${logits.shape.join(', ')}]`,
    });
  }
  if (isInteger && labels.dtype !== 'int32') {
    throw new ValueError({
      where: `${where}: dtype of labels`,
      got: labels.dtype,
      expected: "'int32' for labels without a label axis",
      hint: "Convert them: cast(labels, 'int32').",
    });
  }
}

/** Checks `[batch, ...spatial, labels]`. @throws {ShapeError} if an axis is empty or the task has other channels. */
export function checkLogits(where: string, logits: Tensor, task: Task = 'multiclass'): void {
  const { least, most, expected, hint } = channelsOf[task];
  const channels = labelCount(logits);
  const isEmpty = logits.shape.some((length) => length < 1);
  if (logits.rank >= 2 && !isEmpty && channels >= least && channels <= most) return;
  throw new ShapeError({ where: `${where}: logits`, got: logits.shape, expected, hint });
}

const channelsOf = {
  multiclass: {
    least: 2,
    most: Infinity,
    expected: '[batch, ...spatial, labels] with at least 2 labels and no empty axis',
    hint: 'The background counts as a label; arrays are channels-last.',
  },
  binary: {
    least: 1,
    most: 1,
    expected: "[batch, ...spatial, 1] for task 'binary', and no empty axis",
    hint: "With more channels it is 'multiclass' (softmax) or 'multilabel' (a sigmoid each).",
  },
  multilabel: {
    least: 1,
    most: Infinity,
    expected: '[batch, ...spatial, labels] with no empty axis',
    hint: 'Arrays are channels-last.',
  },
} as const;

/** How many labels logits tell apart: the length of their last axis. */
export function labelCount(logits: Tensor): number {
  return logits.shape[logits.rank - 1] ?? 0;
}

/** `x` itself where it is float32, as the kernels of backends want it, else converted. */
export function asFloat(x: Tensor): Tensor {
  return x.dtype === 'float32' ? x : cast(x, 'float32');
}

/** Labels as a kernel compares them to logits: int32 without a label axis, float32 with one. */
export function comparable(logits: Tensor, labels: Tensor): Tensor {
  return labels.rank === logits.rank ? asFloat(labels) : labels;
}

/** True labels, integer or one-hot, as float32 one-hot `[batch, ...spatial, labels]`. */
export function oneHotLabels(logits: Tensor, labels: Tensor): Tensor {
  if (labels.rank === logits.rank) return asFloat(labels);
  // Asked for float32, wasm's OneHot of tfjs 4.22 writes the bits of integers; so int32, then cast.
  return cast(oneHot(labels, labelCount(logits)), 'float32');
}
