import { requireIntegers } from '@sshn/core';
import { neg, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { requireField } from '../check.js';
import { warpOperation } from '../warp/operation.js';

/**
 * The inverse of any field that has one, by fixed-point iteration: `inverse(p) ← −field(p + inverse(p))`.
 *
 * Converges where the field changes by less than a voxel per voxel, the faster the smoother it is; a field that folds has
 * no inverse there. For a field from a velocity `integrateInverse` is cheaper. Differentiable, through all iterations.
 *
 * @param field `[batch, ...spatial, rank]`, voxels.
 * @param options.iterations Integer ≥ 1. @default 20
 * @returns Displacement of the same shape, voxels.
 * @throws {ShapeError} if it is no field. @throws {ValueError} if it is not float32, or the iterations are not a count.
 * @example
 * const toMoving = invertField(field);   // brings points of the moving image to the fixed one: warpPoints(points, toMoving)
 *
 * *Source*: Chen et al., A simple fixed-point approach to invert a deformation field, Medical Physics 2008.
 */
export function invertField(
  field: Tensor,
  { iterations = 20 }: { readonly iterations?: number } = {},
): Tensor {
  requireField('invertField', field);
  requireIntegers('invertField', { iterations });
  return tidy(() => {
    let inverse = neg(field);
    for (let i = 1; i < iterations; i++)
      inverse = neg(warpOperation(field, inverse, { interpolation: 'linear', padding: 'border' }));
    return inverse;
  });
}
