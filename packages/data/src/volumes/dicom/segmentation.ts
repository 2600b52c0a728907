import type { Code } from '../../dataset/types.js';
import type { Elements } from '../../formats/readers/dicom/elements.js';
import type { DicomFile } from '../../formats/readers/dicom/file.js';
import { openFrames } from '../../formats/readers/dicom/frames.js';
import type { PixelLayout } from '../../formats/readers/dicom/layout.js';
import { tags } from '../../formats/readers/dicom/tags.js';
import { damaged, Refusal, unsupported } from '../../formats/refusal.js';
import { spacingOf, type Volume } from '../volume.js';
import { dot, normalOf, type Plane, planesOf } from './geometry.js';
import { affineOf } from './stack.js';

const binaryClass = '1.2.840.10008.5.1.4.1.1.66.4';
const labelMapClass = '1.2.840.10008.5.1.4.1.1.66.7';

/** What a label of a segmentation stands for. */
export interface Segment {
  /** Its voxels have this number. */
  readonly number: number;
  readonly label: string;
  /** What kind of thing it is (tissue, lesion), and which thing (liver, nodule). */
  readonly category?: Code;
  readonly type?: Code;
}

/** Labels with their place in the body and their names. */
export interface SegmentedVolume extends Volume<Uint8Array | Uint16Array> {
  readonly segments: readonly Segment[];
}

/** Whether a file holds labels rather than an image. */
export function isSegmentation({ elements }: Pick<DicomFile, 'elements'>): boolean {
  const sopClass = elements.text(tags.sopClass);
  return sopClass === binaryClass || sopClass === labelMapClass;
}

/**
 * Reads a segmentation: one frame for each segment and slice (BINARY), or one for each slice (LABELMAP). Slices without a
 * segment, which writers leave out, are background.
 *
 * *Source*: DICOM PS3.3, sections A.51 and C.8.20 (segmentation).
 *
 * @param only The number of the segment to be read alone.
 * @throws {Refusal} if segments overlap, are fractions, or their slices make no grid.
 */
export async function readSegmentation(
  file: DicomFile,
  layout: PixelLayout,
  { only, maxVoxels }: { readonly only: number | undefined; readonly maxVoxels: number },
): Promise<SegmentedVolume> {
  const { elements } = file;
  const type = elements.text(tags.segmentationType) ?? 'BINARY';
  const isBinary = type === 'BINARY';
  if (!isBinary && type !== 'LABELMAP') {
    throw unsupported('DICOM', `segments of the type ${type}`, 'Export the segments as BINARY or LABELMAP.');
  }
  const segments = elements.items(tags.segments).map((item) => segmentIn(item, elements.encoding));
  if (only !== undefined && !segments.some(({ number }) => number === only)) {
    const known = segments.map(({ number, label }) => `${number} (${label})`).join(', ');
    throw new Refusal(`has no segment ${only}`, `Take one of ${known}.`);
  }
  const planes = planesOf(elements, layout.frames);
  const { depth, indexOf, affine } = gridOf(planes);
  const { height, width } = layout;
  if (depth * height * width > maxVoxels) {
    throw new Refusal(
      `spans ${width} × ${height} × ${depth} voxels, more than the limit of ${maxVoxels}`,
      'Crop it; if the size is wrong, the file is damaged.',
    );
  }
  const most = Math.max(isBinary ? 0 : 2 ** layout.bitsStored - 1, ...segments.map(({ number }) => number));
  const data = most > 255 ? new Uint16Array(depth * height * width) : new Uint8Array(depth * height * width);
  const frameAt = openFrames(file, layout);
  const named = (number: number) =>
    segments.find((segment) => segment.number === number)?.label ?? `segment ${number}`;
  for (let frame = 0; frame < layout.frames; frame++) {
    const number = isBinary ? segmentOf(elements, frame) : undefined;
    if (only !== undefined && number !== undefined && number !== only) continue;
    const { samples } = await frameAt(frame);
    const begin = indexOf(planes[frame]!) * height * width;
    for (let p = 0; p < samples.length; p++) {
      if (samples[p] === 0) continue;
      const label = number ?? samples[p]!;
      if (only !== undefined && label !== only) continue;
      const there = data[begin + p]!;
      if (there !== 0 && there !== label) {
        throw new Refusal(
          `has segments that overlap, ${named(there)} and ${named(label)}, and a voxel has one label`,
          'Read one segment alone, with the option `segment`.',
        );
      }
      data[begin + p] = label;
    }
  }
  return { data, shape: [depth, height, width], spacingMm: spacingOf(affine), affine, segments };
}

function segmentOf(elements: Elements, frame: number): number {
  const groups = [elements.items(tags.frameGroups)[frame], elements.item(tags.sharedGroups)];
  const numbers = groups.map((group) =>
    group?.item(tags.segmentIdentification)?.uint16(tags.referencedSegment),
  );
  const number = numbers.find((found) => found !== undefined);
  if (number === undefined || number === 0)
    throw damaged('DICOM', `frame ${frame + 1} does not say whose it is`);
  return number;
}

function segmentIn(item: Elements, encoding: string): Segment {
  const number = item.uint16(tags.segmentNumber);
  if (number === undefined) throw damaged('DICOM', 'a segment without a number');
  const label = item.text(tags.segmentLabel, encoding) ?? `segment ${number}`;
  const [category, type] = [tags.propertyCategory, tags.propertyType].map((tag) =>
    codeIn(item.item(tag), encoding),
  );
  return { number, label, ...(category && { category }), ...(type && { type }) };
}

function codeIn(item: Elements | undefined, encoding: string): Code | undefined {
  const [value, scheme] = [item?.text(tags.codeValue), item?.text(tags.codingScheme)];
  if (item === undefined || value === undefined || scheme === undefined) return undefined;
  return { value, scheme, meaning: item.text(tags.codeMeaning, encoding) ?? value };
}

/** The grid that holds all planes: their distances are whole multiples of one step. */
function gridOf(planes: readonly Plane[]): {
  readonly depth: number;
  readonly indexOf: (plane: Plane) => number;
  readonly affine: Volume['affine'];
} {
  const normal = normalOf(planes[0]!);
  const along = ({ position }: Plane) => dot(position, normal);
  const sorted = [...planes].sort((a, b) => along(a) - along(b));
  const front = sorted[0]!;
  const gaps = sorted.slice(1).map((plane, i) => along(plane) - along(sorted[i]!));
  const smallest = Math.min(...gaps.filter((gap) => gap > 1e-3));
  const { stepMm, thicknessMm } = front;
  const step = Math.abs(stepMm ?? (Number.isFinite(smallest) ? smallest : (thicknessMm ?? 1)));
  const indexOf = (plane: Plane) => Math.round((along(plane) - along(front)) / step);
  for (const plane of planes) {
    const isAlike = [...plane.alongWidth, ...plane.alongHeight, ...plane.spacingMm].every(
      (value, i) =>
        Math.abs(value - [...front.alongWidth, ...front.alongHeight, ...front.spacingMm][i]!) < 1e-3,
    );
    const stray = Math.abs((along(plane) - along(front)) / step - indexOf(plane));
    if (!isAlike || stray > 0.05) {
      throw new Refusal(
        'has frames that make no grid of slices',
        'Export the segmentation of one series of slices.',
      );
    }
  }
  const depth = indexOf(sorted.at(-1)!) + 1;
  return { depth, indexOf, affine: affineOf(front, [normal[0] * step, normal[1] * step, normal[2] * step]) };
}
