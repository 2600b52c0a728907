import { rangeOf } from '../../preprocessing/intensity.js';
import { padOrCrop } from '../../volumes/fit.js';
import { type Grid, reorient, reorientGrid } from '../../volumes/orientation.js';
import { resampleImage, resampleLabels, shapeOn } from '../../volumes/resample.js';
import { orientationOfSlices } from '../../volumes/slices.js';
import type { Triple, Volume } from '../../volumes/volume.js';
import { spacingTriple, type VolumeOptions } from './options.js';

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
