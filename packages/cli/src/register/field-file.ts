import { readFile } from 'node:fs/promises';
import { FileError } from '@sshn/core';
import { decodeNifti, encodeNifti, type Grid, readNiftiHeader, resampleOnto, type Volume } from '@sshn/data';
import { writeFileAtomic } from '@sshn/model/node';
import type { Picture } from './picture.js';

/** A displacement in millimeters toward the right, the front and the top (RAS) for every voxel of a grid. */
export interface FieldMm {
  readonly grid: Grid;
  readonly displacementMm: readonly [x: Float32Array, y: Float32Array, z: Float32Array];
}

/** Writes a field as a NIfTI vector image: intent 1007, shape x, y, z, 1, 3. @throws {FileError} if that fails. */
export async function writeField(path: string, { grid, displacementMm }: FieldMm): Promise<void> {
  const [x, y, z] = displacementMm;
  const component = (data: Float32Array): Volume => ({ ...grid, data });
  const volumes = [component(x), component(y), component(z)] as const;
  await writeFileAtomic(path, encodeNifti(volumes, { series: 'vector', gzip: /\.gz$/i.test(path) }));
}

/** Reads what `writeField` wrote. @throws {FileError} if the file holds no vectors of three components, or bad numbers. */
export async function readField(path: string): Promise<FieldMm> {
  const bytes = await readFile(path);
  const { shape, spacingMm, affine, frames, isVector } = readNiftiHeader(bytes, path);
  if (!isVector || frames !== 3) {
    const what = isVector ? `vectors of ${frames}` : frames === 1 ? 'one number' : `${frames} volumes`;
    throw new FileError({
      path,
      problem: `holds ${what}${isVector ? ' components' : frames === 1 ? ' per voxel' : ''}, and a field has a vector of 3 in every voxel (shape x, y, z, 1, 3; intent 1007)`,
      remedy: 'Give what `sshn register --field` wrote.',
    });
  }
  const component = (frame: number): Float32Array => {
    const data = Float32Array.from(decodeNifti(bytes, path, { frame }).data);
    if (data.every(Number.isFinite)) return data;
    throw new FileError({
      path,
      problem: 'holds displacements that are not finite numbers',
      remedy: 'Make the field again.',
    });
  };
  return { grid: { shape, spacingMm, affine }, displacementMm: [component(0), component(1), component(2)] };
}

/** Checks the name of a field's file. @throws {FileError} if it is no NIfTI file. */
export function requireFieldName(path: string | undefined): void {
  if (path === undefined || /\.nii(\.gz)?$/i.test(path)) return;
  throw new FileError({ path, problem: 'is no name for a field', remedy: 'Call it .nii.gz or .nii.' });
}

/**
 * An image moved by a field, on the grid of the field: every voxel shows what is at its own place, displaced, in the moving
 * image. Images are read linearly, labels by the nearest voxel; what lies outside is 0.
 */
export function warpPicture(moving: Picture, field: FieldMm, interpolation: 'linear' | 'nearest'): Picture {
  const { grid, displacementMm } = field;
  const [first, ...more] = moving.channels.map((channel) =>
    resampleOnto(channel, grid, { interpolation, displacementMm }),
  );
  return { ...moving, channels: [first!, ...more] };
}
