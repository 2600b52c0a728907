import { add, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { requireField } from '../check.js';
import { requirePoints, sampleAt } from './sample-at.js';

/**
 * Where points of the fixed image lie in the moving one: `p + field(p)`, the field interpolated linearly and, outside of
 * its grid, going on as at its border. Differentiable in both.
 *
 * It is the same map that `warp` reads the image by; points of the moving image go the other way, through the inverse field.
 *
 * @param points `[batch, count, rank]`, float32: voxels from the center of the first voxel, in the order of the axes.
 * @param field `[batch, ...spatial, rank]`, voxels.
 * @returns `[batch, count, rank]`.
 * @throws {ShapeError} if the two do not fit each other. @throws {ValueError} if a type is another.
 * @example
 * const inMoving = warpPoints(landmarks, field);   // [1, 300, 3], [1, 160, 192, 224, 3] -> [1, 300, 3]
 */
export function warpPoints(points: Tensor, field: Tensor): Tensor {
  requireField('warpPoints: field', field);
  requirePoints('warpPoints: points', points, { batch: field.shape[0]!, rank: field.rank - 2 });
  return tidy(() => add(points, sampleAt(field, points)));
}
