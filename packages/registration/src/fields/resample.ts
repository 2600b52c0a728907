import { type Interpolation, warpOperation } from '@sshn/ops';
import {
  add,
  mul,
  range,
  reshape,
  stack,
  sub,
  type Tensor,
  tensor1d,
  tidy,
  tile,
} from '@tensorflow/tfjs-core';
import { requireField, spatialOf } from '../check.js';
import { fullSampling, requireImage } from '../warp/warp.js';
import { requireSpacing } from './rescale.js';

/** From the grid that something is on to the one it is wanted on. */
export interface Spacings {
  /** Edge of a voxel along each axis, in the order of the axes. */
  readonly fromSpacingMm: readonly number[];
  readonly toSpacingMm: readonly number[];
}

/**
 * An image on a grid of exactly another spacing: max(1, round(n · from / to)) voxels along each axis.
 *
 * The outer faces of the first voxels stay where they are, so voxel i lies at (i + ½) · to / from − ½ of the old grid, and
 * the first center moves by (to − from) / 2. Beyond the old grid the border goes on. No antialiasing. Differentiable.
 *
 * @param image `[batch, ...spatial, channels]`, float32, or int32 with `interpolation: 'nearest'`.
 * @returns `[batch, ...newSize, channels]`.
 * @throws {ShapeError} if it is no image. @throws {ValueError} if a spacing is not one positive number per axis.
 * @throws {OptionError} if the interpolation is none of the list.
 * @example
 * const isotropic = resampleImage(scan, { fromSpacingMm: [3, 1, 1], toSpacingMm: [1, 1, 1] });
 */
export function resampleImage(
  image: Tensor,
  { interpolation = 'linear', ...spacings }: Spacings & { readonly interpolation?: Interpolation },
): Tensor {
  const sampling = fullSampling({ interpolation });
  requireImage('resampleImage', image, sampling);
  return tidy(() => warpOperation(image, resamplingField('resampleImage', image, spacings), sampling));
}

/**
 * A field on a grid of exactly another spacing over the same image: as `resampleImage`, and its values, which count voxels,
 * multiplied by from / to.
 *
 * @param field `[batch, ...spatial, rank]`, voxels of the old grid.
 * @returns `[batch, ...newSize, rank]`, voxels of the new one.
 * @throws {ShapeError} if it is no field. @throws {ValueError} if a spacing is not one positive number per axis.
 * @example
 * const fine = resampleField(field, { fromSpacingMm: [2, 2, 2], toSpacingMm: [1, 1, 1] });
 */
export function resampleField(field: Tensor, spacings: Spacings): Tensor {
  requireField('resampleField', field);
  return tidy(() => {
    const places = resamplingField('resampleField', field, spacings);
    const resampled = warpOperation(field, places, fullSampling({}));
    return mul(resampled, tensor1d(ratios(spacings).map((toPerFrom) => 1 / toPerFrom)));
  });
}

/** The displacement from each new voxel's index to its place on the old grid. */
function resamplingField(where: string, x: Tensor, spacings: Spacings): Tensor {
  const size = spatialOf(x);
  requireSpacing(`${where}: fromSpacingMm`, spacings.fromSpacingMm, size.length);
  requireSpacing(`${where}: toSpacingMm`, spacings.toSpacingMm, size.length);
  const scales = ratios(spacings);
  const newSize = size.map((length, axis) => Math.max(1, Math.round(length / scales[axis]!)));
  const alongAxes = newSize.map((length, axis) => {
    const indices = range(0, length);
    const displacement = sub(sub(mul(add(indices, 0.5), scales[axis]!), 0.5), indices);
    const shape = newSize.map((_, other) => (other === axis ? length : 1));
    const repeats = newSize.map((other, i) => (i === axis ? 1 : other));
    return tile(reshape(displacement, [1, ...shape]) as Tensor, [x.shape[0]!, ...repeats]);
  });
  return stack(alongAxes, -1);
}

const ratios = ({ fromSpacingMm, toSpacingMm }: Spacings): number[] =>
  fromSpacingMm.map((from, axis) => toSpacingMm[axis]! / from);
