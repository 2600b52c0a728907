import { ValueError } from '@sshn/core';
import { movedAffine, type Volume, type VoxelData } from './volume.js';

/** Cuts through the body. */
export const sliceAxes = ['sagittal', 'coronal', 'axial'] as const;
export type SliceAxis = (typeof sliceAxes)[number];

/** Slices lie along depth, upright: rows run from the top of the head down, in axial slices from the front back. */
const orientations: Readonly<Record<SliceAxis, string>> = { sagittal: 'AIR', coronal: 'RIA', axial: 'RPS' };

/**
 * The orientation in which `reorient` lays slices of one kind along depth, ready for `sliceOf`: from left to right
 * (sagittal), back to front (coronal) or bottom to top (axial), each upright, the right of the body (in sagittal slices the
 * front) in the last column.
 *
 * @returns 'RAS', the canonical one, without an axis.
 * @example
 * const slice = sliceOf(reorient(volume, orientationOfSlices('coronal')), 96);
 */
export function orientationOfSlices(axis: SliceAxis | undefined): string {
  return axis === undefined ? 'RAS' : orientations[axis];
}

/**
 * The slice at one index of depth, a volume of depth 1 at its place in the body; shares memory with the whole.
 *
 * @throws {ValueError} if there is no such slice.
 */
export function sliceOf<Data extends VoxelData>(volume: Volume<Data>, index: number): Volume<Data> {
  const { data, shape, spacingMm, affine } = volume;
  const [depth, height, width] = shape;
  if (!(Number.isInteger(index) && index >= 0 && index < depth)) {
    throw new ValueError({ where: 'sliceOf: index', got: index, expected: `from 0 to ${depth - 1}` });
  }
  const plane = data.subarray(index * height * width, (index + 1) * height * width) as Data;
  return {
    data: plane,
    shape: [1, height, width],
    spacingMm,
    affine: movedAffine(affine, [1, 1, 1], [index, 0, 0]),
  };
}
