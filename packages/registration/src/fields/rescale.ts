import { resizeLinear } from '@sshn/ops';
import { mul, type Tensor, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { requireField, spatialOf } from '../check.js';

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
