import { requireIntegers, ShapeError } from '@sshn/core';
import { add, eye, matMul, reshape, slice, sub, type Tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import { requireFloat } from '../check.js';
import { voxelGrid } from '../fields/grid.js';

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
