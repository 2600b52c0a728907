import dicomParser, { type DataSet, type Element } from 'dicom-parser';
import { damaged, Refusal, unsupported } from '../../refusal.js';
import { inflateRaw } from '../inflate.js';

/** The elements of a DICOM file up to its pixels. */
export interface DicomFile {
  readonly elements: DataSet;
  /** Of the whole file, inflated where it was deflated. */
  readonly bytes: Uint8Array;
  readonly isLittleEndian: boolean;
  /** How each frame is compressed. */
  readonly coding: 'none' | 'rle' | 'jpeg';
  readonly pixels: Element;
}

const implicit = '1.2.840.10008.1.2';
const explicit = '1.2.840.10008.1.2.1';
const bigEndian = '1.2.840.10008.1.2.2';

const codings: Readonly<Record<string, DicomFile['coding']>> = {
  [implicit]: 'none',
  [explicit]: 'none',
  [bigEndian]: 'none',
  '1.2.840.10008.1.2.1.99': 'none',
  '1.2.840.10008.1.2.5': 'rle',
  '1.2.840.10008.1.2.4.50': 'jpeg',
};

/** Families of transfer syntaxes that are not read, by how their UIDs begin. */
const strangers: ReadonlyArray<readonly [begin: string, what: string]> = [
  ['1.2.840.10008.1.2.4.5', 'JPEG of 12 bits or without loss'],
  ['1.2.840.10008.1.2.4.7', 'JPEG without loss'],
  ['1.2.840.10008.1.2.4.8', 'JPEG-LS'],
  ['1.2.840.10008.1.2.4.9', 'JPEG 2000'],
  ['1.2.840.10008.1.2.4.20', 'High-Throughput JPEG 2000'],
  ['1.2.840.10008.1.2.4.1', 'MPEG or HEVC video'],
];

/** What deflated files may grow to. */
const mostBytes = 2 ** 29;

/**
 * Whether bytes begin as a DICOM file does: by its preamble, or, without one, by an element of the identifying group.
 *
 * @param bytes The beginning of a file.
 */
export function looksLikeDicom(bytes: Uint8Array): boolean {
  return hasPreamble(bytes) || bareSyntax(bytes) !== undefined;
}

/**
 * Reads the elements of a DICOM file up to its pixels.
 *
 * *Source*: DICOM PS3.5 (data structures and encoding) and PS3.10 (media storage).
 *
 * @throws {Refusal} if it has no pixels, or a transfer syntax that is not read. Throws anything where the file is damaged.
 */
export function parseDicom(bytes: Uint8Array): DicomFile {
  const bare = hasPreamble(bytes) ? undefined : bareSyntax(bytes);
  let all = bytes;
  const elements = dicomParser.parseDicom(bytes, {
    untilTag: 'x7fe00010',
    ...(bare !== undefined && { TransferSyntaxUID: bare }),
    inflater: (file: Uint8Array, position: number) => {
      const content = inflateRaw(file.subarray(position), mostBytes);
      all = new Uint8Array(position + content.length);
      all.set(file.subarray(0, position));
      all.set(content, position);
      return all;
    },
  });
  const syntax = bare ?? elements.string('x00020010') ?? explicit;
  const coding = codings[syntax];
  if (coding === undefined) {
    const what = strangers.find(([begin]) => syntax.startsWith(begin))?.[1] ?? `transfer syntax ${syntax}`;
    throw unsupported('DICOM', what, 'Decompress it, for instance with `gdcmconv --raw IN OUT`.');
  }
  const pixels = elements.elements.x7fe00010;
  if (pixels === undefined) {
    throw new Refusal(
      'is a DICOM file without pixels',
      'Export the images themselves, not reports about them.',
    );
  }
  return { elements, bytes: all, isLittleEndian: syntax !== bigEndian, coding, pixels };
}

/** The numbers of a decimal string such as spacing or position. @throws {Refusal} if they are not `count` finite ones. */
export function decimals(elements: DataSet, tag: string, count: number): number[] | undefined {
  const text = elements.string(tag);
  if (text === undefined || text === '') return undefined;
  const numbers = text.split('\\').map(Number);
  if (numbers.length < count || !numbers.every(Number.isFinite)) {
    throw damaged('DICOM', `${count} numbers are expected in element ${tag.slice(1)}`);
  }
  return numbers.slice(0, count);
}

function hasPreamble(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(128, 132)) === 'DICM';
}

/** The transfer syntax of a file that begins with the elements themselves: group 8, in the order of tags. */
function bareSyntax(bytes: Uint8Array): string | undefined {
  const [group, element] = [bytes[0]! + 256 * bytes[1]!, bytes[2]! + 256 * bytes[3]!];
  if (bytes.length < 16 || group !== 8 || element > 0x20) return undefined;
  const isLetter = (byte: number | undefined) => byte !== undefined && byte >= 0x41 && byte <= 0x5a;
  if (isLetter(bytes[4]) && isLetter(bytes[5])) return explicit;
  // A length below 64 KiB.
  return bytes[6] === 0 && bytes[7] === 0 ? implicit : undefined;
}
