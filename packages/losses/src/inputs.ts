import { ShapeError, ValueError } from '@sshn/core';
import { cast, oneHot, type Tensor } from '@tensorflow/tfjs-core';

/**
 * Checks that logits `[batch, ...spatial, labels]` and true labels belong together.
 *
 * @param labels Integers `[batch, ...spatial]`, or one-hot (soft) values of the logits' shape.
 * @throws {ShapeError} if the shapes do not fit, an axis is empty or there are fewer than two labels.
 * @throws {ValueError} if labels without a label axis are not int32.
 */
export function checkLabels(where: string, logits: Tensor, labels: Tensor): void {
  checkLogits(where, logits);
  const isInteger = labels.rank === logits.rank - 1;
  const expected = isInteger ? logits.shape.slice(0, -1) : logits.shape;
  if (labels.shape.join() !== expected.join()) {
    throw new ShapeError({
      where: `${where}: labels`,
      got: labels.shape,
      expected:
        `[${logits.shape.slice(0, -1).join(', ')}] (integers) or [${logits.shape.join(', ')}] (one-hot) ` +
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

/** Checks `[batch, ...spatial, labels]`. @throws {ShapeError} if an axis is empty or there are fewer than two labels. */
export function checkLogits(where: string, logits: Tensor): void {
  if (logits.rank < 2 || logits.shape.some((length) => length < 1) || labelCount(logits) < 2) {
    throw new ShapeError({
      where: `${where}: logits`,
      got: logits.shape,
      expected: '[batch, ...spatial, labels] with at least 2 labels and no empty axis',
      hint: 'The background counts as a label; arrays are channels-last.',
    });
  }
}

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
