/**
 * Linear resize and its transpose from ordinary tfjs ops, for backends that bring no kernel of ours: interpolation is
 * separable, so each axis is a product with a small matrix. So are other maps of the axes, such as averaging.
 */
import { matMul, reshape, type Tensor, tensor2d, tidy, transpose } from '@tensorflow/tfjs-core';
import { interpolationMatrix, transposed } from './interpolation.js';

/** x `[batch, ...spatial, channels]` → `[batch, ...size, channels]`. */
export function resizeAxes(x: Tensor, size: readonly number[]): Tensor {
  return mapAxes(x, size, (from, to) => transposed(interpolationMatrix(from, to), to));
}

/** The transpose of `resizeAxes`: dy `[batch, ...size, channels]` → `[batch, ...inputSize, channels]`. */
export function resizeAxesTransposed(dy: Tensor, inputSize: readonly number[]): Tensor {
  return mapAxes(dy, inputSize, (from, to) => interpolationMatrix(to, from));
}

/**
 * Applies one matrix per spatial axis: each turn maps the last axis by a matrix product and brings the one before it into
 * its place.
 *
 * @param matrix Row-major `[from, to]`.
 */
export function mapAxes(
  x: Tensor,
  size: readonly number[],
  matrix: (from: number, to: number) => Float32Array,
): Tensor {
  const spatial = size.map((_, axis) => axis);
  return tidy(() => {
    // [batch, channels, ...spatial]: every product below then has the mapped axis last.
    let y: Tensor = transpose(x, [0, spatial.length + 1, ...spatial.map((axis) => axis + 1)]);
    for (const to of [...size].reverse()) {
      const from = y.shape[y.rank - 1]!;
      const product = matMul(reshape(y, [-1, from]), tensor2d(matrix(from, to), [from, to]));
      const mapped = reshape(product, [...y.shape.slice(0, -1), to]);
      y = transpose(mapped, [0, 1, y.rank - 1, ...spatial.slice(1).map((axis) => axis + 1)]);
    }
    return transpose(y, [0, ...spatial.map((axis) => axis + 2), 1]);
  });
}
