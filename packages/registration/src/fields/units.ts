import { ValueError } from '@sshn/core';
import { mul, type Tensor, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { requireField } from '../check.js';

/**
 * Displacement in millimeters from one in voxels.
 *
 * @param field `[batch, ...spatial, rank]`, voxels.
 * @param spacingMm Edge of a voxel along each axis, in the order of the axes.
 * @throws {ShapeError} if it is no field. @throws {ValueError} if the spacing is not one positive number per axis.
 * @example
 * const fieldMm = voxelsToMm(field, [1.5, 1, 1]);
 */
export function voxelsToMm(field: Tensor, spacingMm: readonly number[]): Tensor {
  requireField('voxelsToMm', field);
  requireSpacing('voxelsToMm: spacingMm', spacingMm, field.rank - 2);
  return tidy(() => mul(field, tensor1d([...spacingMm])));
}

/**
 * Displacement in voxels from one in millimeters.
 *
 * @param fieldMm `[batch, ...spatial, rank]`, millimeters.
 * @param spacingMm Edge of a voxel along each axis, in the order of the axes.
 * @throws {ShapeError} if it is no field. @throws {ValueError} if the spacing is not one positive number per axis.
 * @example
 * const moved = warp(moving, mmToVoxels(fieldMm, [1.5, 1, 1]));
 */
export function mmToVoxels(fieldMm: Tensor, spacingMm: readonly number[]): Tensor {
  requireField('mmToVoxels', fieldMm);
  requireSpacing('mmToVoxels: spacingMm', spacingMm, fieldMm.rank - 2);
  return tidy(() => mul(fieldMm, tensor1d(spacingMm.map((mm) => 1 / mm))));
}

/** @throws {ValueError} if it is not one positive number per axis. */
export function requireSpacing(where: string, spacingMm: readonly number[], rank: number): void {
  if (spacingMm.length === rank && spacingMm.every((mm) => mm > 0 && Number.isFinite(mm))) return;
  throw new ValueError({
    where,
    got: spacingMm,
    expected: `${rank} positive numbers, the edges of a voxel in mm along ${rank === 2 ? 'height and width' : 'depth, height and width'}`,
  });
}
