import { requireIntegers } from '@sshn/core';
import { movedAffine, type Triple, type Volume, type VoxelData, voxelCount } from './volume.js';

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
  const shift: Triple = [shiftOf(old[0], shape[0]), shiftOf(old[1], shape[1]), shiftOf(old[2], shape[2])];
  const Voxels = data.constructor as new (length: number) => Data;
  const result = new Voxels(voxelCount(shape)).fill(fill) as Data;
  const first = Math.max(0, shift[2]);
  const count = Math.min(shape[2], old[2] + shift[2]) - first;
  for (let d = Math.max(0, shift[0]); d < Math.min(shape[0], old[0] + shift[0]); d++) {
    for (let h = Math.max(0, shift[1]); h < Math.min(shape[1], old[1] + shift[1]); h++) {
      const from = ((d - shift[0]) * old[1] + h - shift[1]) * old[2] + first - shift[2];
      result.set(data.subarray(from, from + count), (d * shape[1] + h) * shape[2] + first);
    }
  }
  const affine = movedAffine(volume.affine, [1, 1, 1], [-shift[0], -shift[1], -shift[2]]);
  return { data: result, shape, spacingMm: volume.spacingMm, affine };
}

function shiftOf(from: number, to: number): number {
  return Math.trunc((to - from) / 2);
}
