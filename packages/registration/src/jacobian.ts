import { add, concat, mul, slice, squeeze, sub, type Tensor, tidy, zerosLike } from '@tensorflow/tfjs-core';
import { requireField, spatialOf } from './check.js';

/**
 * The derivative along one axis by its index: central differences inside, one-sided ones at the first and last index; 0
 * along an axis of one. Of the same shape, differentiable.
 */
export function derivativeAlong(x: Tensor, axis: number): Tensor {
  const length = x.shape[axis]!;
  if (length === 1) return zerosLike(x);
  const part = (of: Tensor, begin: number, count: number): Tensor => {
    const at = of.shape.map((_, i) => (i === axis ? begin : 0));
    return slice(
      of,
      at,
      of.shape.map((n, i) => (i === axis ? count : n)),
    );
  };
  return tidy(() => {
    const steps = sub(part(x, 1, length - 1), part(x, 0, length - 1));
    // The mean of the steps before and after, where the ends have one step for both.
    const before = concat([part(steps, 0, 1), steps], axis);
    const after = concat([steps, part(steps, length - 2, 1)], axis);
    return mul(add(before, after), 0.5);
  });
}

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

/** What the Jacobian determinants of one field say about it. */
export interface JacobianStatistics {
  readonly voxels: number;
  /** Voxels with a determinant of 0 or less, or that is no number. */
  readonly foldedVoxels: number;
  /** 100 · foldedVoxels / voxels. */
  readonly foldedPercent: number;
  readonly minimum: number;
  readonly maximum: number;
  /** Mean of the natural logarithm of the determinants over the voxels that do not fold; NaN if all do. */
  readonly logMean: number;
  /** Its standard deviation (over all those voxels, not a sample of them); 0 for a map that stretches evenly. */
  readonly logStandardDeviation: number;
}

/**
 * Share of folded voxels, range, and statistics of the log-Jacobian of each field of a batch, in double precision.
 *
 * Folded voxels have no logarithm: they are counted and left out of it.
 *
 * @param field `[batch, ...spatial, rank]`, voxels.
 * @returns One entry per field of the batch.
 * @throws {ShapeError} if it is no field. @throws {ValueError} if it is not float32.
 * @example
 * const [{ foldedPercent, logStandardDeviation }] = await jacobianStatistics(field);
 *
 * *Source*: Leow et al., Statistical properties of Jacobian maps, TMI 2007; Hering et al., Learn2Reg, TMI 2023, who clip
 * folded voxels instead of leaving them out.
 */
export async function jacobianStatistics(field: Tensor): Promise<JacobianStatistics[]> {
  const determinants = tidy(() => jacobianDeterminant(field));
  try {
    const values = await determinants.data();
    const voxels = determinants.size / determinants.shape[0]!;
    return Array.from({ length: determinants.shape[0]! }, (_, image) =>
      statisticsOf(values.subarray(image * voxels, (image + 1) * voxels) as Float32Array),
    );
  } finally {
    determinants.dispose();
  }
}

function statisticsOf(determinants: Float32Array): JacobianStatistics {
  const logs = Float64Array.from(determinants)
    .filter((determinant) => determinant > 0)
    .map(Math.log);
  const logMean = sum(logs) / logs.length;
  const foldedVoxels = determinants.length - logs.length;
  return {
    voxels: determinants.length,
    foldedVoxels,
    foldedPercent: (100 * foldedVoxels) / determinants.length,
    minimum: determinants.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
    maximum: determinants.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
    logMean,
    logStandardDeviation: Math.sqrt(sum(logs.map((log) => (log - logMean) ** 2)) / logs.length),
  };
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
