import { warpOperation } from '@sshn/ops';
import { add, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { requireField, requireShape } from '../check.js';

/**
 * One field that does what two do one after the other: `(first ∘ second)(p) = second(p) + first(p + second(p))`, so that
 *
 * `warp(image, composeFields(first, second)) = warp(warp(image, first), second)`,
 *
 * up to the blur of interpolating twice. Between voxels the first field is interpolated linearly, outside it goes on as at
 * its border. Differentiable in both.
 *
 * @param first `[batch, ...spatial, rank]`, voxels. @param second Of the same shape.
 * @returns Of the same shape.
 * @throws {ShapeError} if one is no field or the shapes differ. @throws {ValueError} if one is not float32.
 * @example
 * const both = composeFields(affine, deformation);   // the deformation refines what the affine map has aligned
 */
export function composeFields(first: Tensor, second: Tensor): Tensor {
  requireField('composeFields: first', first);
  requireField('composeFields: second', second);
  requireShape('composeFields: second', second, first.shape, 'Bring both to one grid with rescaleField.');
  return tidy(() =>
    add(second, warpOperation(first, second, { interpolation: 'linear', padding: 'border' })),
  );
}
