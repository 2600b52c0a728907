import { FileError, ShapeError, ValueError } from '@sshn/core';
import { tags } from '../../formats/readers/dicom/tags.js';
import type { Volume } from '../volume.js';
import { openSeries } from './decode.js';
import type { Segment } from './segmentation.js';
import {
  dimensions,
  frameGroups,
  type LabelFrame,
  ofPatientAndStudy,
  ofThisSeries,
  referencedSeries,
  segmentItem,
  sharedGroups,
} from './segmentation-items.js';
import type { DicomSource, SeriesFrame } from './series.js';
import { freshUid, type Written, writeDicom } from './write.js';

/** How to write a segmentation. */
export interface EncodeSegmentationOptions {
  /** What the labels stand for. Codes default to an anatomical structure, tissue; give SNOMED's where you know them. */
  readonly segments: readonly Segment[];
  /**
   * - 'binary': one frame of single bits for each segment and slice, which every reader of DICOM segmentations knows.
   * - 'labelMap': one frame of labels for each slice; smaller with many segments, for readers since 2024.
   *
   * @default 'binary'
   */
  readonly kind?: 'binary' | 'labelMap';
  /** Of the series, as viewers list it. @default 'Segmentation' */
  readonly description?: string;
  /** Which volume of a series of several the labels belong to. @default the only one */
  readonly frame?: number;
  /** The name of the model that made the labels. @default '@sshn' */
  readonly algorithm?: string;
  /** @default now */
  readonly date?: Date;
  /** Makes identifiers that nobody else has. @default random ones */
  readonly createUid?: () => string;
}

/**
 * Writes labels as a DICOM segmentation that refers to the series they were found in: its patient, study, frame of
 * reference, and each of its images.
 *
 * *Source*: DICOM PS3.3, sections A.51 (IOD), C.8.20 (segmentation), C.7.6.16 (functional groups), C.7.6.17 (dimensions).
 *
 * @param labels On the grid of `decodeDicom(series)`: 0 is background, other numbers those of `segments`.
 * @param series The files that the labels belong to.
 * @returns The bytes of a DICOM file.
 * @throws {ShapeError} or {ValueError} if the labels lie on another grid, hold a number without a segment, or segments are
 *   numbered wrongly; {FileError} if the series cannot be read.
 * @example
 * const scan = await decodeDicom(files);
 * const file = encodeSegmentation(labels, files, { segments: [{ number: 1, label: 'liver' }] });
 */
export function encodeSegmentation(
  labels: Volume,
  series: readonly DicomSource[],
  options: EncodeSegmentationOptions,
): Uint8Array {
  const { kind = 'binary', segments, createUid = freshUid, date = new Date() } = options;
  const { slices, shape, affine } = openSeries(
    series,
    options.frame === undefined ? {} : { frame: options.frame },
  );
  refuseMosaic(slices);
  checkGrid(labels, shape, affine);
  checkNumbers(labels, segments);
  const frames = kind === 'binary' ? binaryFrames(labels, segments) : labelFrames(labels);
  const isWide = segments.some(({ number }) => number > 255);
  const bits = kind === 'binary' ? 1 : isWide ? 16 : 8;
  const sopClass = `1.2.840.10008.5.1.4.1.1.66.${kind === 'binary' ? 4 : 7}`;
  const sopInstance = createUid();
  const [first] = slices;
  const { elements } = first!.source.file;
  const dataSet: Written = [
    ...ofPatientAndStudy(elements),
    ...ofThisSeries(options, date, createUid),
    [0x00080016, 'UI', sopClass],
    [0x00080018, 'UI', sopInstance],
    [0x00200052, 'UI', elements.text(tags.frameOfReference) ?? createUid()],
    [0x00280002, 'US', [1]],
    [0x00280004, 'CS', 'MONOCHROME2'],
    [0x00280008, 'IS', String(frames.length)],
    [0x00280010, 'US', [shape[1]]],
    [0x00280011, 'US', [shape[2]]],
    [0x00280100, 'US', [bits]],
    [0x00280101, 'US', [bits]],
    [0x00280102, 'US', [bits - 1]],
    [0x00280103, 'US', [0]],
    ...(kind === 'labelMap' ? ([[0x00280120, 'US', [0]]] as const) : []),
    [0x00282110, 'CS', elements.text(tags.lossyCompression) ?? '00'],
    [0x00620001, 'CS', kind === 'binary' ? 'BINARY' : 'LABELMAP'],
    [0x00620002, 'SQ', segments.map((segment) => segmentItem(segment, options.algorithm ?? '@sshn'))],
    [0x00620013, 'CS', 'NO'],
    ...dimensions(kind, createUid()),
    [0x00081115, 'SQ', [referencedSeries(slices)]],
    [0x52009229, 'SQ', [sharedGroups(first!, labels)]],
    [0x52009230, 'SQ', frames.map((frame) => frameGroups(frame, slices[frame.slice]!))],
    [0x7fe00010, bits === 16 ? 'OW' : 'OB', pixelsOf(labels, frames, bits)],
  ];
  return writeDicom(dataSet, { sopClass, sopInstance });
}

function checkGrid(
  { shape, affine }: Volume,
  wanted: readonly number[],
  wantedAffine: Volume['affine'],
): void {
  const hint = 'Bring them to the grid of the series with resampleOnto.';
  if (shape.join() !== wanted.join()) {
    throw new ShapeError({
      where: 'encodeSegmentation: labels',
      got: shape,
      expected: `the series' own, [${wanted.join(', ')}]`,
      hint,
    });
  }
  const isSame = affine.flat().every((value, i) => Math.abs(value - wantedAffine.flat()[i]!) < 1e-3);
  if (isSame) return;
  throw new ValueError({
    where: 'encodeSegmentation: labels.affine',
    got: affine,
    expected: `the series' own, ${JSON.stringify(wantedAffine)}`,
    hint,
  });
}

function checkNumbers({ data }: Volume, segments: readonly Segment[]): void {
  const numbers = segments.map(({ number }) => number);
  const wrong = numbers.find(
    (number, i) =>
      !(Number.isInteger(number) && number >= 1 && number <= 0xffff) || numbers.indexOf(number) !== i,
  );
  if (segments.length === 0 || wrong !== undefined) {
    const expected = 'one segment or more, each with a number of its own from 1 to 65535';
    throw new ValueError({ where: 'encodeSegmentation: segments', got: wrong ?? segments, expected });
  }
  const known = new Set([0, ...numbers]);
  const unknown = data.find((label) => !known.has(label));
  if (unknown === undefined) return;
  throw new ValueError({
    where: 'encodeSegmentation: labels',
    got: unknown,
    expected: `0 or the number of a segment: ${numbers.join(', ')}`,
  });
}

/** @throws {FileError} if slices are parts of a picture, to which a segmentation cannot refer. */
function refuseMosaic(slices: readonly SeriesFrame[]): void {
  const tile = slices.find(({ source }) => source.mosaic !== undefined);
  if (tile === undefined) return;
  throw new FileError({
    path: tile.name,
    problem: 'is a mosaic, and a DICOM segmentation cannot refer to a slice within a picture',
    remedy: 'Write nii.gz or nrrd; or convert the series to enhanced DICOM first.',
  });
}

/** Only slices that a segment reaches; one of background if there are none, as a file has one frame at least. */
function binaryFrames(
  { data, shape: [depth, height, width] }: Volume,
  segments: readonly Segment[],
): LabelFrame[] {
  const pixels = height * width;
  const there = Array.from(
    { length: depth },
    (_, slice) => new Set<number>(data.subarray(slice * pixels, (slice + 1) * pixels)),
  );
  const frames = segments.flatMap(({ number }) =>
    there.flatMap((numbers, slice) => (numbers.has(number) ? [{ slice, segment: number }] : [])),
  );
  return frames.length > 0 ? frames : [{ slice: 0, segment: segments[0]!.number }];
}

function labelFrames({ shape: [depth] }: Volume): LabelFrame[] {
  return Array.from({ length: depth }, (_, slice) => ({ slice, segment: undefined }));
}

/** Single bits run on from frame to frame, the lowest of a byte first. *Source*: DICOM PS3.5, section 8.1.1. */
function pixelsOf(
  { data, shape: [, height, width] }: Volume,
  frames: readonly LabelFrame[],
  bits: number,
): Uint8Array {
  const pixels = height * width;
  const bytes = new Uint8Array(Math.ceil((frames.length * pixels * bits) / 8));
  const view = new DataView(bytes.buffer);
  for (const [i, { slice, segment }] of frames.entries()) {
    for (let p = 0; p < pixels; p++) {
      const label = data[slice * pixels + p]!;
      const at = i * pixels + p;
      if (bits === 16) view.setUint16(2 * at, label, true);
      else if (bits === 8) bytes[at] = label;
      else if (label === segment) bytes[at >> 3]! |= 1 << (at & 7);
    }
  }
  return bytes;
}
