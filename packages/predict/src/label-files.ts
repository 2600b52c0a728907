import { FileError } from '@sshn/core';
import { encodeNifti, type LabelCodes, type Segment, type Volume } from '@sshn/data';
import type { Manifest } from '@sshn/model';
import { encode } from 'fast-png';
import type { Picture } from './picture.js';
import type { Segmentation } from './segmenter.js';

/** A label as files name it; in lists of all labels of a model, its place is the number that the network gives it. */
export interface NamedLabel {
  /** In files. */
  readonly value: number;
  readonly name: string;
  /** Red, green, blue, 0 to 255. */
  readonly color: readonly [number, number, number];
  /** What it stands for in SNOMED or another coding scheme. */
  readonly codes?: LabelCodes;
}

/** Colors that most people can distinguish, in the order of labels; the background is black. */
const usualColors: ReadonlyArray<readonly [number, number, number]> = [
  [230, 159, 0],
  [86, 180, 233],
  [0, 158, 115],
  [240, 228, 66],
  [0, 114, 178],
  [213, 94, 0],
  [204, 121, 167],
];

/** The labels of a model with the colors of its manifest; where it has none, those of Okabe and Ito, in turn. */
export function namedLabels({ labels }: Pick<Manifest, 'labels'>): NamedLabel[] {
  return labels.map(({ name, color, value, codes }, label) => ({
    value: value ?? label,
    name,
    color: color ?? (label === 0 ? [0, 0, 0] : usualColors[(label - 1) % usualColors.length]!),
    ...(codes === undefined ? {} : { codes }),
  }));
}

/** Labels as segments of a DICOM segmentation, which `encodeSegmentation` of @sshn/data writes; without the background. */
export function segmentsOf(names: readonly NamedLabel[]): Segment[] {
  // In DICOM, segments are numbered from 1, and a backslash ends a value.
  return names
    .map(({ name, codes }, number) => ({ number, label: name.replace(/[\\\p{Cc}]/gu, ' '), ...codes }))
    .slice(1);
}

/** A label map with the values that files have, in place of the numbers of the network. */
export function withFileValues(
  labels: Volume<Uint8Array>,
  names: readonly NamedLabel[],
): Volume<Uint8Array | Uint16Array> {
  if (names.every(({ value }, label) => value === label)) return labels;
  const values = names.map(({ value }) => value);
  const inFile = (label: number): number => values[label]!;
  const data =
    Math.max(...values) > 255 ? Uint16Array.from(labels.data, inFile) : Uint8Array.from(labels.data, inFile);
  return { ...labels, data };
}

/** How much of an image a label takes. */
export interface LabelAmount extends NamedLabel {
  /** Pixels of raster images. */
  readonly voxels: number;
  /** Undefined for raster images, which have no millimeters. */
  readonly mm3: number | undefined;
}

/** Counts the voxels of each label, background included. */
export function labelAmounts(
  { labels, format }: Pick<Segmentation, 'labels' | 'format'>,
  names: readonly NamedLabel[],
): LabelAmount[] {
  const counts = new Array<number>(names.length).fill(0);
  for (const value of labels.data) counts[value]!++;
  const voxel = labels.spacingMm.reduce((product, edge) => product * edge, 1);
  return names.map((label, i) => ({
    ...label,
    voxels: counts[i]!,
    mm3: format === 'volume' ? counts[i]! * voxel : undefined,
  }));
}

/** BIDS: the table `*_dseg.tsv` of a discrete segmentation. */
export function dsegTable(names: readonly NamedLabel[]): string {
  const hex = (color: NamedLabel['color']) =>
    `#${color.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  return [
    'index\tname\tcolor',
    ...names.map(({ value, name, color }) => `${value}\t${oneWord(name)}\t${hex(color)}`),
    '',
  ].join('\n');
}

/** A FreeSurfer color table, as FreeView and 3D Slicer read it. */
export function freesurferTable(names: readonly NamedLabel[]): string {
  return names
    .map(({ value, name, color }) => `${value} ${oneWord(name).replaceAll(' ', '-')} ${color.join(' ')} 0\n`)
    .join('');
}

/** Tabs and line ends would break tables. */
function oneWord(name: string): string {
  return name.replace(/\s+/g, ' ').trim();
}

/** A label map as NIfTI, with the values that files have; the intent of labels is left to its tables. */
export function encodeLabelNifti(
  labels: Volume<Uint8Array>,
  names: readonly NamedLabel[],
  path: string,
): Uint8Array {
  return encodeNifti(withFileValues(labels, names), { gzip: /\.gz$/i.test(path) });
}

/**
 * A label map as NRRD with the keys that make 3D Slicer open it as a segmentation: a name, a color and a label value for each
 * segment.
 *
 * @param compress Deflates a gzip stream, as `gzip` of fflate or `gzipSync` of Node do.
 * @throws {FileError} if a label's name cannot be written in a header.
 *
 * *Source*: the NRRD format, teem.sourceforge.net/nrrd/format.html; 3D Slicer's manual, "Segmentations: file format".
 */
export function encodeSegmentationNrrd(
  labels: Volume<Uint8Array>,
  names: readonly NamedLabel[],
  compress: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const { shape, affine } = labels;
  const { data } = withFileValues(labels, names);
  const [depth, height, width] = shape;
  const column = (axis: number) => `(${affine.map((row) => format(row[axis]!)).join(',')})`;
  const segments = names
    .filter(({ value }) => value !== 0)
    .flatMap(({ value, name, color }, i) => {
      if (/[\r\n]/.test(name)) {
        throw new FileError({
          path: 'segmentation.nrrd',
          problem: `cannot name a segment ${JSON.stringify(name)}`,
          remedy: 'Give the label a name of one line.',
        });
      }
      const part = (key: string, text: string) => `Segment${i}_${key}:=${text}`;
      return [
        part('ID', `Segment_${value}`),
        part('Name', name),
        part('NameAutoGenerated', '0'),
        part('Color', color.map((byte) => format(byte / 255)).join(' ')),
        part('ColorAutoGenerated', '0'),
        part('LabelValue', String(value)),
        part('Layer', '0'),
        part('Extent', `0 ${width - 1} 0 ${height - 1} 0 ${depth - 1}`),
      ];
    });
  const header = [
    'NRRD0005',
    ...(data instanceof Uint16Array ? ['type: unsigned short', 'endian: little'] : ['type: unsigned char']),
    'dimension: 3',
    'space: right-anterior-superior',
    `sizes: ${width} ${height} ${depth}`,
    `space directions: ${column(2)} ${column(1)} ${column(0)}`,
    'kinds: domain domain domain',
    'encoding: gzip',
    `space origin: ${column(3)}`,
    ...segments,
    'Segmentation_ContainedRepresentationNames:=Binary labelmap|',
    'Segmentation_ReferenceImageExtentOffset:=0 0 0',
    '',
    '',
  ].join('\n');
  const head = new TextEncoder().encode(header);
  const body = compress(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const file = new Uint8Array(head.length + body.length);
  file.set(head);
  file.set(body, head.length);
  return file;
}

/**
 * The uncertainty of every pixel as a file: of raster images a PNG with 16 bits, where 65535 is 1; of volumes NIfTI, gzipped, in [0, 1].
 */
export function encodeUncertainty(
  map: NonNullable<Segmentation['uncertainty']>,
  format: Picture['format'],
): Uint8Array {
  if (format === 'volume') return encodeNifti(map);
  const [, height, width] = map.shape;
  const data = Uint16Array.from(map.data, (value) => Math.round(65535 * value));
  return encode({ width, height, channels: 1, depth: 16, data });
}

function format(value: number): string {
  return String(Number(value.toPrecision(9)));
}
