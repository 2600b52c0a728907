import { ShapeError, ValueError } from '@sshn/core';
import {
  cast,
  expandDims,
  mul,
  notEqual,
  oneHot,
  scalar,
  slice,
  sub,
  type Tensor,
} from '@tensorflow/tfjs-core';
import type { Task } from './loss.js';

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

/** What a prediction is compared to. */
export interface Target {
  /** float32, of the logits' shape; 0 at pixels that are ignored. */
  readonly truth: Tensor;
  /** float32 `[batch, ...spatial, 1]`: 1 where a pixel counts, 0 where it is ignored; undefined where all count. */
  readonly mask: Tensor | undefined;
}

/**
 * True labels as a float32 tensor of the logits' shape, and which pixels count. Call it outside of the tape.
 *
 * @param ignoreLabel Pixels of this true label count nowhere. Among integers any number (255, −1); with a label axis it
 *   is a channel, and a pixel counts as much as its value there falls short of 1.
 * @throws {ValueError} if `ignoreLabel` is no channel of labels that have a label axis.
 */
export function targetOf(
  where: string,
  logits: Tensor,
  labels: Tensor,
  { task, ignoreLabel }: { readonly task: Task; readonly ignoreLabel: number | undefined },
): Target {
  const isInteger = labels.rank < logits.rank;
  const asTruth = (integers: Tensor) =>
    task === 'binary' ? expandDims(asFloat(integers), -1) : oneHotLabels(logits, integers);
  if (ignoreLabel === undefined)
    return { truth: isInteger ? asTruth(labels) : asFloat(labels), mask: undefined };
  if (isInteger) {
    const counts = cast(notEqual(labels, scalar(ignoreLabel, 'int32')), 'int32');
    const mask = expandDims(asFloat(counts), -1);
    // Ignored pixels become label 0 first: OneHot must see no number that is no label.
    return { truth: mul(asTruth(mul(labels, counts)), mask), mask };
  }
  if (ignoreLabel < 0 || ignoreLabel >= labelCount(logits)) {
    throw new ValueError({
      where: `${where}: ignoreLabel`,
      got: ignoreLabel,
      expected: `a channel of the labels, 0 to ${labelCount(logits) - 1}`,
      hint: 'Only integer labels can hold a number that is no channel.',
    });
  }
  const truth = asFloat(labels);
  const begin = truth.shape.map((_, axis) => (axis === truth.rank - 1 ? ignoreLabel : 0));
  const mask = sub(1, slice(truth, begin, [...truth.shape.slice(0, -1), 1]));
  return { truth: mul(truth, mask), mask };
}
