import { ValueError } from '@sshn/core';
import { cast, expandDims, mul, notEqual, scalar, slice, sub, type Tensor } from '@tensorflow/tfjs-core';
import { asFloat, labelCount, oneHotLabels } from './check-labels.js';
import type { Task } from './task.js';

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
