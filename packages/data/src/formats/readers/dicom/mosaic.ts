import { damaged, unsupported } from '../../refusal.js';
import type { Elements } from './elements.js';
import type { StoredSamples } from './frames.js';
import type { PixelLayout } from './layout.js';
import { siemens, tags } from './tags.js';

/** The slices of a volume that lie side by side in one picture, row by row. */
export interface Mosaic {
  readonly slices: number;
  /** Slices in a row of the picture. */
  readonly across: number;
  readonly height: number;
  readonly width: number;
  /** From a slice toward the next, in the coordinates of DICOM. */
  readonly normal: readonly [number, number, number];
}

/**
 * How slices lie in a mosaic of Siemens, by the vendor's private elements; undefined for any other picture.
 *
 * *Source*: nibabel's description, nipy.org/nibabel/dicom/dicom_mosaic.html and siemens_csa.html.
 *
 * @throws {Refusal} if the file is a mosaic that does not say how many slices it has and where they go, or one of UIH.
 */
export function mosaicOf(
  elements: Elements,
  { height, width, frames, samples }: PixelLayout,
): Mosaic | undefined {
  const kinds = elements.texts(tags.imageType);
  const remedy = 'Convert the series with dcm2niix, or export it as enhanced DICOM.';
  if (kinds.includes('VFRAME'))
    throw unsupported('DICOM', 'the slices of a volume side by side (UIH VFRAME)', remedy);
  if (!kinds.includes('MOSAIC')) return undefined;
  const header = privateBytes(elements, 'SIEMENS CSA HEADER', siemens.csaCreators, siemens.csaHeaders);
  const fields = header === undefined ? new Map<string, readonly number[]>() : csaNumbers(header);
  const own = privateBytes(elements, 'SIEMENS MR HEADER', siemens.creators, siemens.mosaicCounts);
  const [slices = own && own[0]! + 256 * (own[1] ?? 0)] = fields.get('NumberOfImagesInMosaic') ?? [];
  const [x, y, z] = fields.get('SliceNormalVector') ?? [];
  if (slices === undefined || x === undefined || y === undefined || z === undefined) {
    throw unsupported(
      'DICOM',
      'the slices of a volume side by side (Siemens mosaic), and without the private elements that say where they lie',
      remedy,
    );
  }
  const across = Math.ceil(Math.sqrt(slices));
  const isWhole = Number.isInteger(slices) && slices >= 1 && height % across === 0 && width % across === 0;
  if (!isWhole || frames !== 1 || samples !== 1 || Math.abs(Math.hypot(x, y, z) - 1) > 1e-2) {
    throw damaged('DICOM', `a mosaic of ${slices} slices in ${width} × ${height} pixels`);
  }
  return { slices, across, height: height / across, width: width / across, normal: [x, y, z] };
}

/** One slice of a mosaic, from the samples of the whole picture. */
export function tileOf(
  samples: StoredSamples,
  { across, height, width }: Mosaic,
  index: number,
): StoredSamples {
  const [row, column] = [Math.floor(index / across), index % across];
  const tile = samples.slice(0, height * width);
  for (let y = 0; y < height; y++) {
    const from = (row * height + y) * across * width + column * width;
    tile.set(samples.subarray(from, from + width), y * width);
  }
  return tile;
}

/** The value of a vendor's element, in whichever block the vendor's name reserves. *Source*: DICOM PS3.5, section 7.8.1. */
function privateBytes(
  elements: Elements,
  creator: string,
  creators: readonly number[],
  values: readonly number[],
): Uint8Array | undefined {
  const block = creators.findIndex((tag) => elements.text(tag) === creator);
  return block === -1 ? undefined : elements.bytes(values[block]!);
}

/** More fields, and more numbers in one, than any such header has. */
const mostFields = 1024;
const mostItems = 1024;

/**
 * The fields of Siemens' CSA header that are numbers.
 *
 * *Source*: nibabel's description of both versions, nipy.org/nibabel/dicom/siemens_csa.html.
 */
function csaNumbers(header: Uint8Array): Map<string, readonly number[]> {
  const fields = new Map<string, readonly number[]>();
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const textAt = (at: number, length: number) =>
    String.fromCharCode(...header.subarray(at, at + length))
      .split('\0')[0]!
      .trim();
  const isSecond = textAt(0, 4) === 'SV10';
  let at = isSecond ? 8 : 0;
  if (at + 8 > header.length) return fields;
  const count = Math.min(mostFields, view.getUint32(at, true));
  at += 8;
  let firstItems: number | undefined;
  for (let field = 0; field < count && at + 84 <= header.length; field++) {
    const name = textAt(at, 64);
    const items = view.getUint32(at + 76, true);
    if (items > 0) firstItems ??= items;
    at += 84;
    const numbers: number[] = [];
    for (let item = 0; item < Math.min(items, mostItems) && at + 16 <= header.length; item++) {
      const length = isSecond ? view.getUint32(at + 4, true) : view.getInt32(at, true) - (firstItems ?? 0);
      at += 16;
      if (length < 0 || at + length > header.length) break;
      const text = textAt(at, Math.min(length, 64));
      if (text !== '' && Number.isFinite(Number(text))) numbers.push(Number(text));
      at += length + ((4 - (length % 4)) % 4);
    }
    if (numbers.length > 0) fields.set(name, numbers);
  }
  return fields;
}
