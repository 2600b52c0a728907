import { damaged, Refusal, unsupported } from '../../refusal.js';
import { inflateRaw } from '../inflate.js';
import type { Element, Elements } from './elements.js';
import { type DataSet, type Encoding, isExplicitAt, readElements } from './read-elements.js';
import { tags } from './tags.js';

/** The elements of a DICOM file up to its pixels. */
export interface DicomFile {
  readonly elements: Elements;
  /** Of the whole file, inflated where it was deflated. */
  readonly bytes: Uint8Array;
  readonly isLittleEndian: boolean;
  /** The UID of the transfer syntax, if the file has one. */
  readonly syntax: string | undefined;
  /** Where the pixels lie; without a length where they lie in items, compressed. */
  readonly pixels: Element;
}

const bigEndian = '1.2.840.10008.1.2.2';
const deflated = '1.2.840.10008.1.2.1.99';
const jpegFamily = '1.2.840.10008.1.2.4.';
const video = [
  '100',
  '100.1',
  '101',
  '101.1',
  '102',
  '102.1',
  '103',
  '103.1',
  '104',
  '104.1',
  '105',
  '105.1',
  '106',
  '106.1',
  '107',
  '108',
];

/** What deflated files may grow to, and how much of them is inflated to look for the pixels. */
const mostBytes = 2 ** 29;
const mostHeaderBytes = 2 ** 24;

/** For DICOM files that hold no image: reports, plans, indexes. A folder of images may hold them too. */
export class NoImage extends Refusal {}

/**
 * Whether bytes begin as a DICOM file does: by its preamble, or, without one, by an element of the first two groups.
 *
 * @param bytes The beginning of a file.
 */
export function looksLikeDicom(bytes: Uint8Array): boolean {
  return hasPreamble(bytes) || isBare(bytes);
}

/**
 * Reads the elements of a DICOM file up to its pixels. The preamble, the meta group and the transfer syntax may be missing,
 * and the syntax wrong: how elements are written is seen from the first of them.
 *
 * *Source*: DICOM PS3.5 (data structures and encoding) and PS3.10 (media storage).
 *
 * @throws {NoImage} if it holds no pixels; {Refusal} if it is damaged or a video.
 */
export function parseDicom(bytes: Uint8Array): DicomFile {
  const begin = hasPreamble(bytes) ? 132 : 0;
  const meta = readElements(
    bytes,
    begin,
    { isExplicit: isExplicitAt(bytes, begin), isLittleEndian: true },
    isMeta,
  );
  const syntax = meta.elements.text(tags.transferSyntax);
  if (video.some((end) => syntax === jpegFamily + end))
    throw unsupported('DICOM', 'a video', 'Export its frames as images.');
  let all = bytes;
  if (syntax === deflated) all = inflated(bytes, meta.next);
  const encoding = encodingAt(all, meta.next, syntax);
  const { elements, pixels } = readElements(all, meta.next, encoding);
  if (pixels === undefined) throw withoutPixels(elements);
  return { elements, bytes: all, isLittleEndian: encoding.isLittleEndian, syntax, pixels };
}

function isMeta(tag: number): boolean {
  return tag >>> 16 === 2;
}

/** How elements are written: as the first of them is, whatever the syntax says. */
function encodingAt(bytes: Uint8Array, at: number, syntax: string | undefined): Encoding {
  if (at + 8 > bytes.length) throw damaged('DICOM', 'it ends before its first element');
  // Data sets begin with group 8; which of its bytes is zero tells the order.
  const [first, second] = [bytes[at]!, bytes[at + 1]!];
  const isLittleEndian =
    first === 0 && second === 8 ? false : first === 8 && second === 0 ? true : syntax !== bigEndian;
  return { isExplicit: isExplicitAt(bytes, at) || syntax === bigEndian, isLittleEndian };
}

/** The file with what follows `begin` inflated, no further than its pixels go. */
function inflated(bytes: Uint8Array, begin: number): Uint8Array {
  const stream = bytes.subarray(begin);
  const extent = (content: Uint8Array): number | undefined => {
    const { pixels }: DataSet = readElements(content, 0, encodingAt(content, 0, deflated));
    return pixels && (pixels.length === undefined ? mostBytes : pixels.begin + pixels.length);
  };
  let content = inflateRaw(stream, mostHeaderBytes);
  const end = content.length < mostHeaderBytes ? content.length : (extent(content) ?? mostBytes);
  if (end > mostBytes) throw damaged('DICOM', `it grows beyond ${mostBytes} bytes`);
  if (end > content.length) content = inflateRaw(stream, end);
  const all = new Uint8Array(begin + content.length);
  all.set(bytes.subarray(0, begin));
  all.set(content, begin);
  return all;
}

const documents: ReadonlyArray<readonly [begin: string, what: string]> = [
  ['1.2.840.10008.5.1.4.1.1.88.', 'a structured report'],
  ['1.2.840.10008.5.1.4.1.1.11.', 'a presentation state'],
  ['1.2.840.10008.5.1.4.1.1.104.', 'an encapsulated document'],
  ['1.2.840.10008.5.1.4.1.1.481.3', 'a set of radiotherapy structures, which are outlines'],
  ['1.2.840.10008.5.1.4.1.1.481.', 'a radiotherapy plan or record'],
  ['1.2.840.10008.5.1.4.1.1.66.1', 'a spatial registration'],
  ['1.2.840.10008.5.1.4.1.1.66.5', 'a surface segmentation'],
  ['1.2.840.10008.5.1.4.1.1.4.2', 'MR spectroscopy'],
  ['1.2.840.10008.1.3.10', 'the index of a disc'],
];

function withoutPixels(elements: Elements): NoImage {
  const sopClass = elements.text(tags.sopClass) ?? '';
  const modality = elements.text(tags.modality);
  const what = documents.find(([begin]) => sopClass.startsWith(begin))?.[1];
  const kind =
    what === undefined ? (modality === undefined ? '' : ` of the modality ${modality}`) : `, ${what}`;
  return new NoImage(`is a DICOM file without pixels${kind}`, 'Take the images themselves.');
}

function hasPreamble(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(128, 132)) === 'DICM';
}

/** Whether a file begins with elements: of the meta group, or of the identifying one. */
function isBare(bytes: Uint8Array): boolean {
  if (bytes.length < 16) return false;
  const [group, element] = [bytes[0]! + 256 * bytes[1]!, bytes[2]! + 256 * bytes[3]!];
  // In big-endian order, group 8 reads as 8 × 256.
  if (group !== 8 && group !== 2 && group !== 0x0800) return false;
  // Without a kind in letters it must be one of the first elements, of less than 64 KiB.
  return isExplicitAt(bytes, 0) || (group === 8 && element <= 0x70 && bytes[6] === 0 && bytes[7] === 0);
}
