import { requireIntegers, ValueError } from '@sshn/core';
import { padOrCropValues, shiftOf } from '../geometry/pad.js';
import { resizeImage, sourceIndices } from '../geometry/resize.js';
import { movedAffine, spacingOf, type Triple, type Volume, type VoxelData, voxelCount } from './volume.js';

/** What a volume becomes. */
export type Target =
  | { readonly shape: Triple }
  /** Edges of voxels in mm; each axis gets round(n · old / new) voxels. */
  | { readonly spacingMm: Triple };

/**
 * The shape of a volume on another grid, over the same field of view.
 *
 * @throws {ValueError} if a spacing is not positive or an edge of the shape not a positive integer.
 */
export function shapeOn({ shape, spacingMm }: Pick<Volume, 'shape' | 'spacingMm'>, target: Target): Triple {
  if ('shape' in target) {
    const [depth, height, width] = target.shape;
    requireIntegers('resample: shape', { depth, height, width });
    return target.shape;
  }
  const along = (axis: 0 | 1 | 2): number => {
    const edge = target.spacingMm[axis];
    if (!(edge > 0 && Number.isFinite(edge))) {
      throw new ValueError({
        where: 'resample: spacingMm',
        got: target.spacingMm,
        expected: 'positive edges in mm',
      });
    }
    return Math.max(1, Math.round((shape[axis] * spacingMm[axis]) / edge));
  };
  return [along(0), along(1), along(2)];
}

/**
 * Resamples intensities linearly (antialiased where voxels grow) over the same field of view.
 *
 * New voxel i of m along an axis of n is at old index (i + ½) · n / m − ½. As the field of view is kept, the spacing that
 * comes out, n / m of the old one, differs from the one asked for by less than half a voxel over the whole axis.
 *
 * @throws {ValueError} if the target makes no sense.
 * @returns The volume itself if it has that shape already.
 * @example
 * const coarse = resampleImage(volume, { spacingMm: [2, 2, 2] });
 */
export function resampleImage(volume: Volume, target: Target): Volume {
  const shape = shapeOn(volume, target);
  if (isSame(shape, volume.shape)) return volume;
  const values = volume.data instanceof Float32Array ? volume.data : Float32Array.from(volume.data);
  const image = resizeImage({ values, size: volume.shape, channels: 1 }, shape);
  return { data: image.values, ...spaceOf(volume, shape) };
}

/**
 * Resamples labels by the nearest voxel, in the geometry of `resampleImage`; values and type of the array stay.
 *
 * @throws {ValueError} if the target makes no sense.
 * @returns The volume itself if it has that shape already.
 */
export function resampleLabels<Data extends VoxelData>(volume: Volume<Data>, target: Target): Volume<Data> {
  const { data, shape: old } = volume;
  const shape = shapeOn(volume, target);
  if (isSame(shape, old)) return volume;
  const [depths, heights, widths] = shape.map((to, axis) => sourceIndices(old[axis]!, to));
  const Voxels = data.constructor as new (length: number) => Data;
  const result = new Voxels(voxelCount(shape));
  let to = 0;
  for (const d of depths!) {
    for (const h of heights!) {
      const row = (d * old[1] + h) * old[2];
      for (const w of widths!) result[to++] = data[row + w]!;
    }
  }
  return { data: result, ...spaceOf(volume, shape) };
}

function spaceOf(
  { shape: old, affine }: Volume,
  shape: Triple,
): Pick<Volume, 'shape' | 'spacingMm' | 'affine'> {
  const scale: Triple = [old[0] / shape[0], old[1] / shape[1], old[2] / shape[2]];
  const first: Triple = [(scale[0] - 1) / 2, (scale[1] - 1) / 2, (scale[2] - 1) / 2];
  const moved = movedAffine(affine, scale, first);
  return { shape, spacingMm: spacingOf(moved), affine: moved };
}

function isSame(a: Triple, b: Triple): boolean {
  return a.join() === b.join();
}

/**
 * Pads or crops every axis, half of it on either side, so that a volume gets another shape; no voxel changes its value or
 * its place in the body.
 *
 * Along an axis of n voxels that becomes m, new voxel i is old voxel i − trunc((m − n) / 2). The way back,
 * `padOrCrop(padOrCrop(volume, larger), volume.shape)`, gives the volume itself.
 *
 * @param shape `[depth, height, width]`.
 * @param fill Value of new voxels. @default 0
 * @throws {ValueError} if an edge is not a positive integer.
 * @returns The volume itself if it has that shape already.
 * @example
 * const padded = padOrCrop(volume, [48, 64, 48]);
 */
export function padOrCrop<Data extends VoxelData>(
  volume: Volume<Data>,
  shape: Triple,
  fill = 0,
): Volume<Data> {
  requireIntegers('padOrCrop', { depth: shape[0], height: shape[1], width: shape[2] });
  const { data, shape: old } = volume;
  if (shape.every((n, axis) => n === old[axis])) return volume;
  const result = padOrCropValues(data, { from: old, to: shape, fill });
  const shift = shape.map((n, axis) => shiftOf(old[axis]!, n)) as [number, number, number];
  const affine = movedAffine(volume.affine, [1, 1, 1], [-shift[0], -shift[1], -shift[2]]);
  return { data: result, shape, spacingMm: volume.spacingMm, affine };
}
