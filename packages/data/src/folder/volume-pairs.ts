import { FileError, firstNonFinite, rangeOf } from '@sshn/core';
import { wholeLabels } from '../volumes/labels.js';
import { inVoxels } from '../volumes/nifti/decode.js';
import {
  type Grid,
  orientationOf,
  orientationOfSlices,
  reorient,
  reorientGrid,
} from '../volumes/orientation.js';
import { readVolumeGrid } from '../volumes/read.js';
import { padOrCrop, resampleImage, resampleLabels, shapeOn } from '../volumes/resample.js';
import type { Triple, Volume } from '../volumes/volume.js';
import type { Decoders } from './decoders.js';
import { highestLabel, type LabelScheme } from './label-names.js';
import type { Pair } from './pairing.js';
import type { PathOf, SourceFile } from './source-file.js';
import { spacingTriple, type VolumeOptions } from './volume-options.js';

/** How far apart an image and its labels may lie, in voxels. */
const tolerance = 0.5;

/**
 * Shape and place of a volume, from the beginning of its file.
 *
 * @param frame Which volume of several the image holds.
 * @throws {FileError} if it or its labels cannot be read, hold several volumes, or lie on different grids.
 */
export async function readSpace(pair: Pair, path: PathOf, frame?: number): Promise<Grid> {
  const [image, labels] = await Promise.all([
    headerOf(pair.image, path, chosenIn(pair.image, frame)),
    headerOf(pair.labels, path, undefined),
  ]);
  checkSameSpace(pair, image, labels, path);
  return image;
}

/** @throws {FileError} besides the above, if values of the image are not finite or a label means nothing. */
export async function readPair(
  pair: Pair,
  scheme: LabelScheme,
  path: PathOf,
  decoders: Decoders,
  frame?: number,
): Promise<LabeledVolume> {
  const [bytes, stored] = await Promise.all([
    pair.image.read(),
    readLabelVolume(pair.labels, path, decoders),
  ]);
  const chosen = chosenIn(pair.image, frame);
  const image = await decoders.decodeVolume(
    bytes,
    path(pair.image.path),
    chosen === undefined ? {} : { frame: chosen },
  );
  checkSameSpace(pair, image, stored, path);
  if (firstNonFinite(image.data) !== undefined) {
    throw new FileError({
      path: path(pair.image.path),
      problem: 'holds values that are not finite numbers',
      remedy: 'Replace them before saving it.',
    });
  }
  // A plain loop, as `Uint8Array.from` takes twenty times as long.
  const data = new Uint8Array(stored.data.length);
  for (let i = 0; i < data.length; i++) {
    const value = stored.data[i]!;
    const label = scheme.labelOf[value] ?? -1;
    if (label === -1) {
      const problem = `holds the label value ${value}`;
      throw new FileError({ path: path(pair.labels.path), problem, remedy: scheme.remedy });
    }
    data[i] = label;
  }
  // Headers round: the labels lie where the image lies, turned as it is.
  return { image, labels: { ...image, data: reorient({ ...stored, data }, orientationOf(image)).data } };
}

/**
 * Label values as stored, or rounded where scaling in the header left fractions.
 *
 * @param onRounded Called with such a fraction.
 * @throws {FileError} unless they are whole numbers from 0 to 65535.
 */
export async function readLabelVolume(
  file: SourceFile,
  path: PathOf,
  { decodeVolume }: Decoders,
  onRounded?: (value: number) => void,
): Promise<Volume<Uint8Array | Uint16Array>> {
  const volume = await decodeVolume(await file.read(), path(file.path));
  const { data: stored } = volume;
  if (stored instanceof Uint8Array || stored instanceof Uint16Array) return { ...volume, data: stored };
  const { labels, rounded, wrong } = wholeLabels(volume);
  const outside = labels?.data.find((value) => !(value >= 0 && value <= highestLabel));
  if (labels === undefined || outside !== undefined) {
    throw new FileError({
      path: path(file.path),
      problem: `holds the value ${wrong ?? outside}, and labels are whole numbers from 0 to ${highestLabel}`,
      remedy:
        labels === undefined
          ? 'If it was resampled, do it again by the nearest voxel.'
          : 'Renumber the labels from 0 up.',
    });
  }
  if (rounded !== undefined) onRounded?.(rounded);
  return { ...volume, data: Uint16Array.from(labels.data) };
}

/** Which volume is taken from a file. */
function chosenIn(file: SourceFile, frame: number | undefined): number | undefined {
  return file.isChosenFrame ? undefined : frame;
}

async function headerOf(file: SourceFile, path: PathOf, frame: number | undefined): Promise<Grid> {
  const { shape, spacingMm, affine, frames } = await readVolumeGrid(
    (limit) => file.read(limit),
    path(file.path),
  );
  if (frame === undefined ? frames === 1 : frame < frames) return { shape, spacingMm, affine };
  throw new FileError({
    path: path(file.path),
    problem:
      frame === undefined
        ? `holds ${frames} volumes, and one is expected`
        : `holds ${frames === 1 ? 'one volume' : `${frames} volumes`}, and there is no number ${frame}`,
    remedy: `Choose one of the images' with \`frame\` (--frame)${frames > 1 ? `, 0 to ${frames - 1}` : ''}, or save one alone.`,
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

/** A volume and its labels, voxel by voxel. */
export interface LabeledVolume {
  readonly image: Volume;
  readonly labels: Volume<Uint8Array>;
}

/** The shape that `conformed` gives a volume, from its header. */
export function conformedShape(grid: Grid, { slices, spacingMm }: VolumeOptions): Triple {
  return resampledShape(reorientGrid(grid, orientationOfSlices(slices?.axis)), spacingMm);
}

/** Oriented and resampled to the spacing asked for. */
export function conformed({ image, labels }: LabeledVolume, options: VolumeOptions): LabeledVolume {
  const orientation = orientationOfSlices(options.slices?.axis);
  const turned = { image: reorient(image, orientation), labels: reorient(labels, orientation) };
  return reshaped(turned, resampledShape(turned.image, options.spacingMm));
}

/** Brought to the common shape of all examples, by stretching or by padding. */
export function fitted(
  volume: LabeledVolume,
  shape: Triple,
  { fit = 'resize' }: VolumeOptions,
): LabeledVolume {
  if (fit === 'resize') return reshaped(volume, shape);
  const { image, labels } = volume;
  const [lowest] = rangeOf(image.data);
  return { image: padOrCrop(image, shape, lowest), labels: padOrCrop(labels, shape) };
}

function reshaped({ image, labels }: LabeledVolume, shape: Triple): LabeledVolume {
  return { image: resampleImage(image, { shape }), labels: resampleLabels(labels, { shape }) };
}

function resampledShape(
  { shape, spacingMm }: Pick<Volume, 'shape' | 'spacingMm'>,
  wanted: VolumeOptions['spacingMm'],
): Triple {
  return wanted === undefined ? shape : shapeOn({ shape, spacingMm }, { spacingMm: spacingTriple(wanted) });
}
