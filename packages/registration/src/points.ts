import { ShapeError, ValueError } from '@sshn/core';
import { type Sampling, warpOperation } from '@sshn/ops';
import { add, concat, reshape, slice, sub, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { requireField, requireFloat } from './check.js';
import { voxelGrid } from './fields/grid.js';
import { requireSpacing } from './fields/rescale.js';
import { fullSampling, requireImage } from './warp/warp.js';

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

/** A place in voxels, one number per axis. */
export type Point = readonly number[];

/** Distances between points that should have met. */
export interface RegistrationError {
  /** One per point, in the order given. */
  readonly perPointMm: readonly number[];
  readonly meanMm: number;
  readonly medianMm: number;
  readonly maximumMm: number;
}

/**
 * Target registration error: how far registered landmarks are from where they belong, in millimeters.
 *
 * `|spacing · (predicted − truth)|` per point.
 *
 * @param predicted Where the registration puts each landmark, in voxels: `await warpPoints(…).array()`, one of the batch.
 * @param truth Where each belongs, in the same order.
 * @param options.spacingMm Edge of a voxel along each axis, of the image that both lie in.
 * @throws {ShapeError} if the lists differ in length. @throws {ValueError} if there is no point, one has not one finite
 * number per axis, or the spacing is not one positive number per axis.
 * @example
 * const { meanMm } = targetRegistrationError([[10, 20, 30]], [[10, 20, 31]], { spacingMm: [1, 1, 2] });   // 2
 */
export function targetRegistrationError(
  predicted: readonly Point[],
  truth: readonly Point[],
  { spacingMm }: { readonly spacingMm: readonly number[] },
): RegistrationError {
  requireSpacing('targetRegistrationError: spacingMm', spacingMm, spacingMm.length === 2 ? 2 : 3);
  if (predicted.length !== truth.length) {
    throw new ShapeError({
      where: 'targetRegistrationError: predicted',
      got: [predicted.length],
      expected: `${truth.length} points, as many as in truth`,
    });
  }
  if (truth.length === 0)
    throw new ValueError({ where: 'targetRegistrationError', got: [], expected: 'at least one point' });
  const perPointMm = predicted.map((point, i) => {
    for (const one of [point, truth[i]!]) requirePlace(one, spacingMm.length);
    return Math.hypot(...spacingMm.map((mm, axis) => mm * (point[axis]! - truth[i]![axis]!)));
  });
  const sorted = [...perPointMm].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return {
    perPointMm,
    meanMm: perPointMm.reduce((sum, mm) => sum + mm, 0) / perPointMm.length,
    medianMm: sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2,
    maximumMm: sorted.at(-1)!,
  };
}

function requirePlace(point: Point, rank: number): void {
  if (point.length === rank && point.every(Number.isFinite)) return;
  throw new ValueError({
    where: 'targetRegistrationError: a point',
    got: point,
    expected: `${rank} finite numbers, as many as the spacing has`,
  });
}
