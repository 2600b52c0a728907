import { ShapeError, ValueError } from '@sshn/core';
import { requireSpacing } from '../fields/units.js';

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
