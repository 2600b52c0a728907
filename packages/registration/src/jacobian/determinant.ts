import { add, mul, slice, squeeze, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { requireField, spatialOf } from '../check.js';
import { derivativeAlong } from './derivative.js';

/**
 * How much a map p → p + field(p) stretches space: the determinant of its Jacobian, det(1 + ∂field/∂p).
 *
 * 1 where volume is kept, below it where the map contracts, 0 or less where it folds. Derivatives by central differences,
 * at the first and last voxel of an axis by one-sided ones, so every voxel has a value; along an axis of one voxel the
 * field counts as constant. The value is the same in voxels and in millimeters. Differentiable.
 *
 * Of a model with velocities this wants the integrated field, not the velocity, and of a field at half resolution the
 * field itself or `rescaleField` of it, not merely resized values.
 *
 * @param field `[batch, ...spatial, rank]`, voxels.
 * @returns `[batch, ...spatial]`.
 * @throws {ShapeError} if it is no field. @throws {ValueError} if it is not float32.
 * @example
 * const stretch = jacobianDeterminant(field);   // [1, 64, 64, 2] -> [1, 64, 64]
 */
export function jacobianDeterminant(field: Tensor): Tensor {
  requireField('jacobianDeterminant', field);
  return tidy(() => {
    const axes = spatialOf(field).map((_, axis) => axis);
    const columns = axes.map((axis) => derivativeAlong(field, axis + 1));
    const entries = axes.map((row) =>
      axes.map((column) => {
        const entry = component(columns[column]!, row);
        return row === column ? add(entry, 1) : entry;
      }),
    );
    return determinant(entries);
  });
}

/** Of a matrix of 2×2 or 3×3 tensors, along its first row. */
function determinant(rows: readonly (readonly Tensor[])[]): Tensor {
  const [first, ...rest] = rows as [readonly Tensor[], ...(readonly Tensor[])[]];
  if (rest.length === 0) return first[0]!;
  return first
    .map((entry, column) => mul(entry, determinant(rest.map((row) => row.filter((_, i) => i !== column)))))
    .reduce((total, term, column) => (column % 2 === 0 ? add(total, term) : sub(total, term)));
}

/** One component of vectors `[batch, ...spatial, rank]`. */
function component(vectors: Tensor, axis: number): Tensor {
  const begin = vectors.shape.map((_, i) => (i === vectors.rank - 1 ? axis : 0));
  return squeeze(slice(vectors, begin, [...vectors.shape.slice(0, -1), 1]), [vectors.rank - 1]);
}
