import { ValueError } from '@sshn/core';
import { resizeLinear } from '@sshn/ops';
import { mul, type Tensor, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { requireField, spatialOf } from '../check.js';

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

/**
 * A field on a grid of another size over the same image: resized linearly, and its values multiplied by the ratio of the
 * sizes axis by axis, because they count voxels.
 *
 * Differentiable. Velocities are rescaled alike.
 *
 * @param field `[batch, ...spatial, rank]`, voxels of its own grid.
 * @param size The new spatial size, in voxels.
 * @returns `[batch, ...size, rank]`, voxels of the new grid.
 * @throws {ShapeError} if it is no field. @throws {ValueError} if it is not float32, or the size does not fit.
 * @example
 * const full = rescaleField(half, [160, 192]);   // [1, 80, 96, 2] -> [1, 160, 192, 2], values doubled
 */
export function rescaleField(field: Tensor, size: readonly number[]): Tensor {
  requireField('rescaleField', field);
  return tidy(() => {
    const ratios = spatialOf(field).map((length, axis) => size[axis]! / length);
    const scaled = (x: Tensor) => mul(x, tensor1d(ratios));
    // On the grid that has fewer voxels.
    const isEnlarging = ratios.reduce((product, ratio) => product * ratio, 1) > 1;
    return isEnlarging ? resizeLinear(scaled(field), size) : scaled(resizeLinear(field, size));
  });
}
