import { firstNonFinite, requireIntegers, ValueError } from '@sshn/core';
import { openFrames, type StoredSamples } from '../../formats/readers/dicom/frames.js';
import { tileOf } from '../../formats/readers/dicom/mosaic.js';
import { tags } from '../../formats/readers/dicom/tags.js';
import { naming, Refusal } from '../../formats/refusal.js';
import { spacingOf, type Volume, type VoxelData } from '../volume.js';
import { isSegmentation, readSegmentation, type Segment } from './segmentation.js';
import { type DicomSource, framesOf, imagesOf, type Parsed, reading, type SeriesFrame } from './series.js';
import { stackOf } from './stack.js';

/** How to read a DICOM series. */
export interface DecodeDicomOptions {
  /** Larger volumes are refused before memory is taken for them. @default 2^27, that is 512 × 512 × 512 */
  readonly maxVoxels?: number;
  /** Which volume of a series of several (moments, echoes, weightings), from 0. @default the only one; several are refused */
  readonly frame?: number;
  /** Of a segmentation: the number of the segment to be read alone. @default all of them */
  readonly segment?: number;
  /** Called with the files that were left out, because they hold no image. */
  readonly onWarning?: (warning: string) => void;
}

/** A volume; of a segmentation, with what its labels stand for. */
export interface DicomVolume extends Volume {
  readonly segments?: readonly Segment[];
}

/** More frames than any series has. */
const mostFrames = 2 ** 18;

/**
 * Reads a volume from the files of a DICOM series, in any order, or from one file of several frames.
 *
 * Slices are put in order by their places, and must be of one size, direction, spacing and distance. Numbers are those of
 * the modality (Hounsfield units), as floats where files rescale them, otherwise in the smallest type that holds those of
 * all slices; no window is applied. A mosaic of Siemens is a volume. A segmentation becomes labels, with `segments` that name them. Files without an image,
 * such as reports and text files, are left out, with a warning.
 *
 * The README lists the compressions that are read; their codecs are loaded when a file needs them.
 *
 * *Source*: DICOM PS3.3, sections C.7.6.2 and C.11.1; PS3.5.
 *
 * @throws {FileError} naming the file and the remedy, whatever the bytes; {ValueError} if there are no files, or no such
 *   frame.
 * @example
 * const volume = reorient(await decodeDicom(files));   // axes toward right, front and top
 */
export async function decodeDicom(
  files: readonly DicomSource[],
  { maxVoxels = 2 ** 27, frame, segment, onWarning }: DecodeDicomOptions = {},
): Promise<DicomVolume> {
  requireIntegers('decodeDicom', { maxVoxels });
  if (files.length === 0) {
    throw new ValueError({ where: 'decodeDicom', got: files, expected: 'at least one file' });
  }
  const images = imagesOf(files, onWarning);
  const first = images[0]!;
  if (isSegmentation(first.file)) {
    const { name, file, layout } = first;
    return reading(name, () => readSegmentation(file, layout, { only: segment, maxVoxels }));
  }
  if (segment !== undefined) {
    throw new ValueError({
      where: `${first.name}: segment`,
      got: segment,
      expected: 'a segmentation, and this is an image',
    });
  }
  const { slices, shape, affine } = stackImages(images, { maxVoxels, frame });
  const data = await voxelsOf(slices, shape[1] * shape[2]);
  return { data, shape, spacingMm: spacingOf(affine), affine };
}

/**
 * The slices of a series in order and the grid that they make, before any pixel is decoded.
 *
 * @throws {FileError} as `decodeDicom`.
 */
export function openSeries(
  files: readonly DicomSource[],
  { frame }: Pick<DecodeDicomOptions, 'frame'>,
): Series {
  return stackImages(imagesOf(files, undefined), { maxVoxels: Number.POSITIVE_INFINITY, frame });
}

interface Series extends Pick<Volume, 'shape' | 'affine'> {
  readonly slices: readonly SeriesFrame[];
}

function stackImages(
  images: readonly Parsed[],
  { maxVoxels, frame }: { maxVoxels: number; frame: number | undefined },
): Series {
  const first = images[0]!;
  for (const image of images) naming(image.name, () => checkSeries(first, image));
  const count = images.reduce((sum, { layout, mosaic }) => sum + (mosaic?.slices ?? layout.frames), 0);
  const { height, width } = first.mosaic ?? first.layout;
  if (count > mostFrames)
    naming(first.name, () => refuseSize([count, height, width], `${mostFrames} frames`));
  const all = images.flatMap((image) => reading(image.name, () => framesOf(image)));
  const { slices, affine } = stackOf(all, frame);
  const shape: Volume['shape'] = [slices.length, height, width];
  if (slices.length * height * width > maxVoxels)
    naming(first.name, () => refuseSize(shape, String(maxVoxels)));
  return { slices, shape, affine };
}

function refuseSize([depth, height, width]: Volume['shape'], limit: string): never {
  throw new Refusal(
    `has ${width} × ${height} × ${depth} voxels, more than the limit of ${limit}`,
    'Resample or crop it; if the size is wrong, the file is damaged.',
  );
}

function checkSeries(first: Parsed, { layout, file, mosaic }: Parsed): void {
  if (layout.height !== first.layout.height || layout.width !== first.layout.width) {
    throw new Refusal(
      `has ${layout.width} × ${layout.height} pixels, but ${first.name} has ${first.layout.width} × ${first.layout.height}`,
      'Take the slices of one series, without localizers.',
    );
  }
  if (mosaic?.slices !== first.mosaic?.slices) {
    throw new Refusal(
      `has ${mosaic?.slices ?? 1} slices in its picture, but ${first.name} has ${first.mosaic?.slices ?? 1}`,
      'Take the files of one series alone.',
    );
  }
  if (file.elements.text(tags.seriesInstance) !== first.file.elements.text(tags.seriesInstance)) {
    throw new Refusal(`is of another series than ${first.name}`, 'Take the files of one series alone.');
  }
}

async function voxelsOf(frames: readonly SeriesFrame[], pixels: number): Promise<VoxelData> {
  const openings = new Map<Parsed, ReturnType<typeof openFrames>>();
  for (const { source } of frames) {
    if (openings.has(source)) continue;
    openings.set(
      source,
      reading(source.name, () => openFrames(source.file, source.layout)),
    );
  }
  // A mosaic is decoded once for all of its slices.
  const mosaics = new Map<Parsed, Promise<StoredSamples>>();
  const samplesOf = async ({ source, index }: SeriesFrame): Promise<StoredSamples> => {
    const open = openings.get(source)!;
    const { mosaic } = source;
    if (mosaic === undefined) return (await open(index)).samples;
    const whole = mosaics.get(source) ?? open(0).then(({ samples }) => samples);
    mosaics.set(source, whole);
    return tileOf(await whole, mosaic, index);
  };
  const data = emptyVoxels(frames, frames.length * pixels);
  const isFloat = data instanceof Float32Array || data instanceof Float64Array;
  for (const [i, frame] of frames.entries()) {
    const { name, modality } = frame;
    const samples = await reading(name, () => samplesOf(frame));
    if (modality.isIdentity) data.set(samples, i * pixels);
    else for (let p = 0; p < pixels; p++) data[i * pixels + p] = modality.scale(samples[p]!);
    if (isFloat && firstNonFinite(data.subarray(i * pixels, (i + 1) * pixels)) !== undefined) {
      naming(name, () => {
        throw new Refusal('holds values that are not finite numbers', 'Replace them before saving it.');
      });
    }
  }
  return data;
}

/** An array of the smallest type that holds the numbers of all slices. */
function emptyVoxels(frames: readonly SeriesFrame[], length: number): VoxelData {
  const layouts = [...new Set(frames.map(({ source }) => source.layout))];
  const isScaled = frames.some(({ modality }) => !modality.isIdentity);
  if (isScaled || layouts.some(({ number }) => number === 'float')) {
    const isWide = layouts.some(({ number, bitsStored }) =>
      number === 'float' ? bitsStored > 32 : bitsStored > 24,
    );
    return isWide ? new Float64Array(length) : new Float32Array(length);
  }
  const bounds = layouts.flatMap(({ bitsAllocated, isSigned }) =>
    isSigned ? [-(2 ** (bitsAllocated - 1)), 2 ** (bitsAllocated - 1) - 1] : [0, 2 ** bitsAllocated - 1],
  );
  const [lowest, highest] = [Math.min(...bounds), Math.max(...bounds)];
  const types = [Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array];
  const fitting = types.find((type) => {
    const bits = 8 * type.BYTES_PER_ELEMENT;
    const isSigned = type === Int8Array || type === Int16Array || type === Int32Array;
    return isSigned
      ? lowest >= -(2 ** (bits - 1)) && highest < 2 ** (bits - 1)
      : lowest >= 0 && highest < 2 ** bits;
  });
  return new (fitting ?? Float64Array)(length);
}
