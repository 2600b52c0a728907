import { ShapeError } from '@sshn/core';
import { concat, reshape, slice, sub, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { requireFloat } from '../check.js';
import { voxelGrid } from '../fields/grid.js';
import { warpOperation } from '../warp/operation.js';
import type { Sampling } from '../warp/sampling.js';
import { fullSampling, requireImage } from '../warp/warp.js';

/**
 * The values of an image at any list of places. Differentiable in both.
 *
 * @param image `[batch, ...spatial, channels]`, float32, or int32 with `interpolation: 'nearest'`.
 * @param points `[batch, count, rank]`, float32: voxels from the center of the first voxel, in the order of the axes.
 * @returns `[batch, count, channels]`.
 * @throws {ShapeError} if the two do not fit each other. @throws {ValueError} if a type is another.
 * @throws {OptionError} if an option is none of the list.
 * @example
 * const intensities = sampleAt(scan, tensor3d([[[10.5, 20, 31.2]]]));   // [1, 1, 1]
 */
export function sampleAt(image: Tensor, points: Tensor, options: Sampling = {}): Tensor {
  const sampling = fullSampling(options);
  requireImage('sampleAt: image', image, sampling);
  const rank = image.rank - 2;
  requirePoints('sampleAt: points', points, { batch: image.shape[0]!, rank });
  const [batch, count] = points.shape as [number, number, number];
  // As near to a square or cube as the count allows: large indices would cost digits of the displacement.
  const side = Math.max(1, Math.ceil(count ** (1 / rank)));
  const size = Array<number>(rank).fill(side);
  const spare = side ** rank - count;
  return tidy(() => {
    const places = reshape(concat([points, zeros([batch, spare, rank])], 1), [batch, ...size, rank]);
    const values = warpOperation(image, sub(places, voxelGrid(size)), sampling);
    const channels = image.shape.at(-1)!;
    return slice(reshape(values, [batch, side ** rank, channels]), [0, 0, 0], [batch, count, channels]);
  });
}

/** @throws {ShapeError} if they are not `[batch, count, rank]`. @throws {ValueError} if they are not float32. */
export function requirePoints(
  where: string,
  points: Tensor,
  { batch, rank }: { readonly batch: number; readonly rank: number },
): void {
  if (points.rank !== 3 || points.shape[0] !== batch || points.shape[2] !== rank) {
    throw new ShapeError({
      where,
      got: points.shape,
      expected: `[${batch}, count, ${rank}], a point per row in voxels`,
    });
  }
  requireFloat(where, points);
}
