import { requireIntegers, ValueError } from '@sshn/core';
import { type PixelLayout, pixelLayout } from '../../formats/readers/dicom/layout.js';
import { type DicomFile, looksLikeDicom, parseDicom } from '../../formats/readers/dicom/parse.js';
import { frameSamples, type StoredSamples } from '../../formats/readers/dicom/samples.js';
import { naming, orDamaged, Refusal, unsupported } from '../../formats/refusal.js';
import { spacingOf, type Volume } from '../volume.js';
import { planesOf } from './geometry.js';
import { type Slice, stackOf } from './stack.js';

/** A DICOM file and what errors call it. */
export interface DicomSource {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** How to read a DICOM series. */
export interface DecodeDicomOptions {
  /** Larger volumes are refused before memory is taken for them. @default 2^27, that is 512 × 512 × 512 */
  readonly maxVoxels?: number;
}

interface Frame extends Slice {
  readonly file: DicomFile;
  readonly layout: PixelLayout;
  readonly index: number;
  readonly series: string | undefined;
}

/**
 * Reads a volume from the files of a DICOM series, in any order, or from one file of several frames.
 *
 * Slices are put in order by their places, and must be of one size, direction, spacing and distance. Numbers are those of
 * the modality (Hounsfield units), as 32-bit floats where files rescale them; no window is applied. Read are uncompressed
 * files of both byte orders, deflated ones, run-length coding and 8-bit JPEG, with or without preamble.
 *
 * *Source*: DICOM PS3.3, sections C.7.6.2 and C.11.1; PS3.5.
 *
 * @throws {FileError} naming the file and the remedy, whatever the bytes; {ValueError} if there are no files.
 * @example
 * const volume = reorient(decodeDicom(files));   // axes toward right, front and top
 */
export function decodeDicom(
  files: readonly DicomSource[],
  { maxVoxels = 2 ** 27 }: DecodeDicomOptions = {},
): Volume {
  requireIntegers('decodeDicom', { maxVoxels });
  if (files.length === 0) {
    throw new ValueError({ where: 'decodeDicom', got: files, expected: 'at least one file' });
  }
  const frames = files.flatMap(({ name, bytes }) => reading(name, () => framesOf(name, bytes, maxVoxels)));
  const first = frames[0]!;
  for (const frame of frames) naming(frame.name, () => checkSeries(first, frame));
  const { height, width } = first.layout;
  naming(first.name, () => checkVoxels([frames.length, height, width], maxVoxels));
  const { slices, affine } = stackOf(frames);
  const data = voxelsOf(slices, height * width);
  return { data, shape: [slices.length, height, width], spacingMm: spacingOf(affine), affine };
}

function framesOf(name: string, bytes: Uint8Array, maxVoxels: number): Frame[] {
  if (!looksLikeDicom(bytes)) {
    throw new Refusal('is not a DICOM file', 'Take the image files of one series, nothing else.');
  }
  const file = parseDicom(bytes);
  const layout = pixelLayout(file.elements);
  if (layout.samples !== 1 || layout.photometric === 'PALETTE COLOR') {
    throw unsupported('DICOM', 'colors, as a volume', 'Read its frames as images, with `decodeImage`.');
  }
  checkVoxels([layout.frames, layout.height, layout.width], maxVoxels);
  const series = file.elements.string('x0020000e');
  return planesOf(file.elements, layout.frames).map((plane, index) => ({
    name,
    file,
    layout,
    index,
    plane,
    series,
  }));
}

function checkVoxels(shape: readonly [number, number, number], maxVoxels: number): void {
  const [depth, height, width] = shape;
  if (height < 1 || width < 1) throw new Refusal('has no pixels', 'Copy or export it again.');
  if (depth * height * width <= maxVoxels) return;
  throw new Refusal(
    `has ${width} × ${height} × ${depth} voxels, more than the limit of ${maxVoxels}`,
    'Resample or crop it; if the size is wrong, the file is damaged.',
  );
}

function checkSeries(first: Frame, { layout, series }: Frame): void {
  if (layout.height !== first.layout.height || layout.width !== first.layout.width) {
    throw new Refusal(
      `has ${layout.width} × ${layout.height} pixels, but ${first.name} has ${first.layout.width} × ${first.layout.height}`,
      'Take the slices of one series, without localizers.',
    );
  }
  if (series !== first.series) {
    throw new Refusal(`is of another series than ${first.name}`, 'Take the files of one series alone.');
  }
}

function voxelsOf(frames: readonly Frame[], pixels: number): StoredSamples | Float32Array {
  const isScaled = frames.some(({ plane }) => plane.slope !== 1 || plane.intercept !== 0);
  let data: StoredSamples | Float32Array | undefined = isScaled
    ? new Float32Array(frames.length * pixels)
    : undefined;
  for (const [i, { name, file, layout, index, plane }] of frames.entries()) {
    const stored = reading(name, () => frameSamples(file, layout, index));
    data ??= emptyLike(stored, frames.length * pixels);
    const { slope, intercept } = plane;
    for (let p = 0; p < pixels; p++) data[i * pixels + p] = slope * stored[p]! + intercept;
  }
  return data!;
}

function emptyLike(stored: StoredSamples, length: number): StoredSamples {
  return new (stored.constructor as new (length: number) => StoredSamples)(length);
}

function reading<Result>(name: string, work: () => Result): Result {
  return naming(name, () => orDamaged('DICOM', work));
}
