import { FileError } from '@sshn/core';
import { decodeNifti, inVoxels, readNiftiHeader } from '../../volumes/nifti/decode.js';
import { type Grid, orientationOf, reorient, reorientGrid } from '../../volumes/orientation.js';
import type { Volume } from '../../volumes/volume.js';
import type { LabelScheme } from '../label-names.js';
import type { Pair } from '../pair.js';
import type { SourceFile } from '../source-file.js';
import type { LabeledVolume } from './pipeline.js';

/** Enough of a file for its header. */
const headLength = 1 << 14;

/** How far apart an image and its labels may lie, in voxels. */
const tolerance = 0.5;

type PathOf = (relative: string) => string;

/**
 * Shape and place of a volume, from the beginning of its file.
 *
 * @throws {FileError} if it or its labels cannot be read, hold several volumes, or lie on different grids.
 */
export async function readSpace(pair: Pair, path: PathOf): Promise<Grid> {
  const [image, labels] = await Promise.all([headerOf(pair.image, path), headerOf(pair.labels, path)]);
  checkSameSpace(pair, image, labels, path);
  return image;
}

/** @throws {FileError} besides the above, if values of the image are not finite or a label means nothing. */
export async function readPair(pair: Pair, scheme: LabelScheme, path: PathOf): Promise<LabeledVolume> {
  const [bytes, stored] = await Promise.all([pair.image.read(), readLabelVolume(pair.labels, path)]);
  const image = decodeNifti(bytes, path(pair.image.path));
  checkSameSpace(pair, image, stored, path);
  if (!image.data.every(Number.isFinite)) {
    throw new FileError({
      path: path(pair.image.path),
      problem: 'holds values that are not finite numbers',
      remedy: 'Replace them before saving it.',
    });
  }
  const data = stored.data.map((value) => {
    const label = scheme.labelOf[value]!;
    if (label !== -1) return label;
    const problem = `holds the label value ${value}`;
    throw new FileError({ path: path(pair.labels.path), problem, remedy: scheme.remedy });
  });
  // Headers round: the labels lie where the image lies, turned as it is.
  return { image, labels: { ...image, data: reorient({ ...stored, data }, orientationOf(image)).data } };
}

/** Label values as stored. @throws {FileError} unless they are whole numbers from 0 to 255. */
export async function readLabelVolume(file: SourceFile, path: PathOf): Promise<Volume<Uint8Array>> {
  const volume = decodeNifti(await file.read(), path(file.path));
  if (volume.data instanceof Uint8Array) return volume as Volume<Uint8Array>;
  const data = Uint8Array.from(volume.data);
  const wrong = data.findIndex((value, i) => value !== volume.data[i]);
  if (wrong === -1) return { ...volume, data };
  throw new FileError({
    path: path(file.path),
    problem: `holds the value ${volume.data[wrong]}, and labels are whole numbers from 0 to 255`,
    remedy: 'Renumber the labels; if they were resampled, do it again by the nearest voxel.',
  });
}

async function headerOf(file: SourceFile, path: PathOf): Promise<Grid> {
  const { frames, isVector: _, ...space } = readNiftiHeader(await file.read(headLength), path(file.path));
  if (frames === 1) return space;
  throw new FileError({
    path: path(file.path),
    problem: `holds ${frames} volumes, and one is expected`,
    remedy: 'Save one of them alone.',
  });
}

/** Whether both grids put their corners at the same places, whatever the order of their axes. */
function checkSameSpace(pair: Pair, image: Grid, labels: Grid, path: PathOf): void {
  const [a, b] = [reorientGrid(image), reorientGrid(labels)];
  const refuse = (problem: string, remedy: string): never => {
    throw new FileError({ path: path(pair.labels.path), problem, remedy });
  };
  if (a.shape.join() !== b.shape.join()) {
    refuse(
      `has ${inVoxels(labels.shape)} voxels, but its image ${pair.image.path} has ${inVoxels(image.shape)}`,
      'Export the labels on the grid of the image.',
    );
  }
  const corners = [0, 1].flatMap((d) => [0, 1].flatMap((h) => [0, 1].map((w) => [d, h, w] as const)));
  const apart = corners.map((corner) => {
    const at = corner.map((side, axis) => side * (a.shape[axis]! - 1));
    const shift = a.affine.map((row, world) =>
      [...at, 1].reduce((sum, index, column) => sum + index * (row[column]! - b.affine[world]![column]!), 0),
    );
    return Math.hypot(...shift);
  });
  if (Math.max(...apart) > tolerance * Math.min(...a.spacingMm)) {
    refuse(
      `lies ${Math.max(...apart).toFixed(1)} mm away from its image ${pair.image.path}`,
      'Give both the same affine matrix, or resample the labels to the grid of the image.',
    );
  }
}
