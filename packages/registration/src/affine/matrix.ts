import { requireIntegers, ShapeError, ValueError } from '@sshn/core';
import { type Sampling, warpOperation } from '@sshn/ops';
import {
  add,
  eye,
  matMul,
  reshape,
  slice,
  sub,
  type Tensor,
  tensor,
  tidy,
  transpose,
} from '@tensorflow/tfjs-core';
import { requireField, requireFloat, spatialOf } from '../check.js';
import { voxelGrid } from '../fields/grid.js';
import { fullSampling, requireImage } from '../warp/warp.js';

/**
 * An affine map of voxels, `p → A p + t`: one row per axis, the columns of A and then t, `rank × (rank + 1)`.
 *
 * Places count voxels from the center of the first one, in the order of the axes. As a field does, it maps the grid of the
 * result (fixed) to places in the image that is read (moving).
 */
export type AffineMatrix = readonly (readonly number[])[];

/** @throws {ShapeError} if it is not 2×3 or 3×4. @throws {ValueError} if an entry is not finite. */
export function requireAffine(where: string, matrix: AffineMatrix): void {
  const rank = matrix.length;
  if ((rank !== 2 && rank !== 3) || matrix.some((row) => row.length !== rank + 1)) {
    throw new ShapeError({
      where,
      got: [rank, ...new Set(matrix.map((row) => row.length))],
      expected: '[2, 3] or [3, 4]: a row per axis, the last column the translation',
    });
  }
  if (!matrix.flat().every(Number.isFinite))
    throw new ValueError({ where, got: matrix, expected: 'finite entries' });
}

/**
 * `first` after `second`: `p → first(second(p))`, as `composeFields` does with fields.
 *
 * @throws {ShapeError} if one is no affine matrix or their ranks differ. @throws {ValueError} if an entry is not finite.
 * @example
 * const voxelToVoxel = composeAffine(invertAffine(movingToWorld), fixedToWorld);
 */
export function composeAffine(first: AffineMatrix, second: AffineMatrix): number[][] {
  requireAffine('composeAffine: first', first);
  requireAffine('composeAffine: second', second);
  if (first.length !== second.length) {
    throw new ShapeError({
      where: 'composeAffine: second',
      got: [second.length, second.length + 1],
      expected: `[${first.length}, ${first.length + 1}] as the first`,
    });
  }
  const rank = first.length;
  return first.map((row) =>
    Array.from({ length: rank + 1 }, (_, column) => {
      const product = second.reduce((sum, line, k) => sum + row[k]! * line[column]!, 0);
      return column === rank ? product + row[rank]! : product;
    }),
  );
}

/**
 * The map that undoes an affine one.
 *
 * @throws {ShapeError} if it is no affine matrix. @throws {ValueError} if it is singular or an entry is not finite.
 * @example
 * invertAffine([[2, 0, 4], [0, 1, 0]]);   // [[0.5, 0, -2], [0, 1, 0]]
 */
export function invertAffine(matrix: AffineMatrix): number[][] {
  requireAffine('invertAffine', matrix);
  const rank = matrix.length;
  const identity = matrix.map((_, row) => matrix.map((__, column) => (row === column ? 1 : 0)));
  const inverse = solve(
    matrix.map((row) => row.slice(0, rank)),
    identity,
  );
  if (inverse === undefined)
    throw new ValueError({
      where: 'invertAffine',
      got: matrix,
      expected: 'a matrix that keeps dimensions apart',
    });
  return inverse.map((row) => [
    ...row,
    0 - row.reduce((sum, entry, k) => sum + entry * matrix[k]![rank]!, 0),
  ]);
}

/** X of A X = B by Gaussian elimination with row pivots; undefined where A is singular to rounding. */
export function solve(
  a: readonly (readonly number[])[],
  b: readonly (readonly number[])[],
): number[][] | undefined {
  const size = a.length;
  const rows = a.map((row, i) => [...row, ...b[i]!]);
  const scale = Math.max(...a.flat().map(Math.abs));
  for (let column = 0; column < size; column++) {
    const pivot = rows
      .slice(column)
      .reduce(
        (best, row, i) => (Math.abs(row[column]!) > Math.abs(rows[best]![column]!) ? column + i : best),
        column,
      );
    if (!(Math.abs(rows[pivot]![column]!) > 1e-12 * scale)) return undefined;
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    for (const [i, row] of rows.entries()) {
      if (i === column) continue;
      const factor = row[column]! / rows[column]![column]!;
      rows[i] = row.map((entry, k) => entry - factor * rows[column]![k]!);
    }
  }
  return rows.map((row, i) => row.slice(size).map((entry) => entry / row[i]!));
}

/**
 * An affine map as a field: `field(p) = A p + t − p`. Differentiable in the matrix.
 *
 * @param matrix `[batch, rank, rank + 1]`, float32, a matrix per image: `tensor([affineMatrix(3, …)])`.
 * @param size Spatial size of the field, in voxels.
 * @returns `[batch, ...size, rank]`, voxels.
 * @throws {ShapeError} if it is no affine matrix, or the size has not one entry per axis.
 * @throws {ValueError} if it is not float32, or the size is not made of integers ≥ 1.
 * @example
 * const aligned = warp(moving, affineField(tensor([fitAffine(inFixed, inMoving)]), [160, 192, 224]));
 */
export function affineField(matrix: Tensor, size: readonly number[]): Tensor {
  const [batch, rank] = matrix.shape;
  const isAffine = matrix.rank === 3 && (rank === 2 || rank === 3) && matrix.shape[2] === rank + 1;
  if (!isAffine || size.length !== rank) {
    throw new ShapeError({
      where: 'affineField',
      got: matrix.shape,
      expected: `[batch, ${size.length}, ${size.length + 1}] for a field of size [${size.join(', ')}], in 2D or 3D`,
    });
  }
  requireFloat('affineField', matrix);
  requireIntegers('affineField: size', Object.fromEntries(size.map((n, axis) => [`axis ${axis}`, n])));
  return tidy(() => {
    const places = reshape(voxelGrid(size), [-1, rank]);
    // (A − 1) p + t: small where the map is close to the identity, so nothing cancels.
    const change = sub(slice(matrix, [0, 0, 0], [batch!, rank, rank]), eye(rank));
    // [rank, batch · rank]: one product for the whole batch.
    const sideBySide: Tensor = reshape(transpose(change, [2, 0, 1]), [rank, batch! * rank]);
    const moved: Tensor = reshape(matMul(places, sideBySide), [-1, batch!, rank]);
    const translation = reshape(slice(matrix, [0, 0, rank], [batch!, rank, 1]), [1, batch!, rank]);
    return reshape(transpose(add(moved, translation), [1, 0, 2]), [batch!, ...size, rank]);
  });
}

/**
 * A moving image on a fixed grid, by an affine map from that grid's voxels to its own: `result(p) = image(A p + t)`.
 *
 * The two sizes may differ. Differentiable in the image.
 *
 * @param image `[batch, ...spatial, channels]`, float32, or int32 with `interpolation: 'nearest'`.
 * @param matrix Of all images of the batch, `rank × (rank + 1)`.
 * @param size Spatial size of the result.
 * @returns `[batch, ...size, channels]`.
 * @throws {ShapeError} if image, matrix and size do not fit each other. @throws {ValueError} if a type or number is another.
 * @throws {OptionError} if an option is none of the list.
 * @example
 * const aligned = resampleAffine(moving, matrix, [160, 192, 224], { padding: 'zeros' });
 */
export function resampleAffine(
  image: Tensor,
  matrix: AffineMatrix,
  size: readonly number[],
  options: Sampling = {},
): Tensor {
  const sampling = fullSampling(options);
  requireImage('resampleAffine: image', image, sampling);
  requireAffine('resampleAffine: matrix', matrix);
  requireRank('resampleAffine: matrix', matrix, image.rank - 2);
  return tidy(() => warpOperation(image, affineField(perImage(matrix, image.shape[0]!), size), sampling));
}

/**
 * One field for a deformation of an image that an affine map has aligned: `p → A (p + field(p)) + t`, so that warping by the
 * result is `warp(resampleAffine(moving, matrix, …), field)` in one step, without a blur in between.
 *
 * @param matrix From voxels of the field's grid to voxels of the moving image, the same for the whole batch.
 * @param field `[batch, ...spatial, rank]`, voxels.
 * @returns Displacement of the same shape. Differentiable in the field.
 * @throws {ShapeError} if it is no field, or the ranks differ. @throws {ValueError} if the field is not float32.
 * @example
 * const { matrix } = await registerAffine(moving, fixed);
 * const { field } = await refineField(resampleAffine(moving, matrix, size), fixed, { objective, steps: 50 });
 * const whole = composeAffineField(matrix, field);
 */
export function composeAffineField(matrix: AffineMatrix, field: Tensor): Tensor {
  requireField('composeAffineField: field', field);
  requireAffine('composeAffineField: matrix', matrix);
  const rank = field.rank - 2;
  requireRank('composeAffineField: matrix', matrix, rank);
  return tidy(() => {
    const linear = tensor(matrix.map((row) => row.slice(0, rank)));
    const flat: Tensor = reshape(field, [-1, rank]);
    const turned = reshape(matMul(flat, linear as never, false, true), field.shape);
    return add(turned, affineField(perImage(matrix, 1), spatialOf(field)));
  });
}

function perImage(matrix: AffineMatrix, batch: number): Tensor {
  return tensor(Array.from({ length: batch }, () => matrix.map((row) => [...row])));
}

function requireRank(where: string, matrix: AffineMatrix, rank: number): void {
  if (matrix.length === rank) return;
  throw new ShapeError({
    where,
    got: [matrix.length, matrix.length + 1],
    expected: `[${rank}, ${rank + 1}], as there are ${rank} spatial axes`,
  });
}
