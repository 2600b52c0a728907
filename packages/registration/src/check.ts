import { ShapeError, ValueError } from '@sshn/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** Spatial sizes of an image or a field `[batch, ...spatial, channels]`. */
export function spatialOf(x: { readonly shape: readonly number[] }): number[] {
  return x.shape.slice(1, -1);
}

/**
 * Checks a field of vectors: float32 `[batch, ...spatial, rank]`, two or three spatial axes and as many components, at least
 * one voxel. The one check of every function that takes a field.
 *
 * @throws {ShapeError} if the shape is no field's. @throws {ValueError} if it is not float32.
 */
export function requireField(where: string, field: Tensor): void {
  const spatialRank = field.rank - 2;
  const isField = (spatialRank === 2 || spatialRank === 3) && field.shape.at(-1) === spatialRank;
  if (!isField || field.size === 0) {
    throw new ShapeError({
      where,
      got: field.shape,
      expected: '[batch, height, width, 2] or [batch, depth, height, width, 3], none of them 0',
      hint: 'The last axis holds the displacement along each spatial axis, in the order of the axes.',
    });
  }
  requireFloat(where, field);
}

/** @throws {ShapeError} if the shape is another. */
export function requireShape(where: string, x: Tensor, expected: readonly number[], hint?: string): void {
  if (x.shape.join() === expected.join()) return;
  throw new ShapeError({
    where,
    got: x.shape,
    expected: `[${expected.join(', ')}]`,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** @throws {ValueError} if the values are not float32. */
export function requireFloat(where: string, x: Tensor): void {
  if (x.dtype === 'float32') return;
  throw new ValueError({
    where,
    got: x.dtype,
    expected: 'a float32 tensor',
    hint: "Convert it first: cast(x, 'float32').",
  });
}
