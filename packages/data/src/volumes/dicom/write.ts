import { ValueError } from '@sshn/core';
import { joinBytes } from '../../formats/readers/join-bytes.js';

/** A value of an element: text (several parted by backslashes), numbers, bytes, or the items of a sequence. */
export type Value = string | readonly number[] | Uint8Array | readonly Written[];

/** An element as it is written: its tag, its value representation, its value. */
export type WrittenElement = readonly [tag: number, kind: string, value: Value];

/** The elements of a data set or item, in any order. */
export type Written = readonly WrittenElement[];

const explicitLittleEndian = '1.2.840.10008.1.2.1';
const longKinds = ['OB', 'OD', 'OF', 'OW', 'SQ', 'UT'];

/** This software, for readers that note who wrote a file. */
const implementation = '2.25.208341792391645307893620173285012094117';

/**
 * The bytes of a DICOM file in explicit little-endian order, with preamble and meta group. Text is UTF-8.
 *
 * Sixty lines rather than a package: `dcmjs`, the maintained writer for JavaScript, installs 30 MB and knows the same
 * elements no better once their values are there.
 *
 * *Source*: DICOM PS3.5, section 7 (data elements), and PS3.10, section 7 (file format).
 */
export function writeDicom(
  elements: Written,
  { sopClass, sopInstance }: { sopClass: string; sopInstance: string },
): Uint8Array {
  const meta = encodeItem([
    [0x00020001, 'OB', Uint8Array.of(0, 1)],
    [0x00020002, 'UI', sopClass],
    [0x00020003, 'UI', sopInstance],
    [0x00020010, 'UI', explicitLittleEndian],
    [0x00020012, 'UI', implementation],
  ]);
  const length = encodeItem([[0x00020000, 'UL', [meta.length]]]);
  const begin = new Uint8Array(132);
  begin.set(new TextEncoder().encode('DICM'), 128);
  return joinBytes([begin, length, meta, encodeItem(elements)]);
}

function encodeItem(elements: Written): Uint8Array {
  const sorted = [...elements].sort(([a], [b]) => a - b);
  return joinBytes(sorted.flatMap(encodeElement));
}

function encodeElement([tag, kind, value]: WrittenElement): Uint8Array[] {
  const content = encodeValue(kind, value);
  const isLong = longKinds.includes(kind);
  if (!isLong && content.length > 0xffff) {
    throw new ValueError({
      where: `DICOM element ${tag.toString(16)}`,
      got: content.length,
      expected: 'at most 65535 bytes',
    });
  }
  const header = new DataView(new ArrayBuffer(isLong ? 12 : 8));
  header.setUint16(0, tag >>> 16, true);
  header.setUint16(2, tag & 0xffff, true);
  for (const i of [0, 1]) header.setUint8(4 + i, kind.charCodeAt(i));
  if (isLong) header.setUint32(8, content.length, true);
  else header.setUint16(6, content.length, true);
  return [new Uint8Array(header.buffer), content];
}

function encodeValue(kind: string, value: Value): Uint8Array {
  if (typeof value === 'string') return padded(new TextEncoder().encode(value), kind === 'UI' ? 0 : 0x20);
  if (value instanceof Uint8Array) return padded(value, 0);
  if (kind === 'SQ') return joinBytes((value as readonly Written[]).flatMap(item));
  const numbers = value as readonly number[];
  const edge = kind === 'UL' ? 4 : 2;
  // An AT is a tag: its group, then its number.
  const words = kind === 'AT' ? numbers.flatMap((tag) => [tag >>> 16, tag & 0xffff]) : numbers;
  const view = new DataView(new ArrayBuffer(edge * words.length));
  for (const [i, word] of words.entries()) {
    if (edge === 4) view.setUint32(4 * i, word, true);
    else view.setUint16(2 * i, word, true);
  }
  return new Uint8Array(view.buffer);
}

function item(elements: Written): Uint8Array[] {
  const content = encodeItem(elements);
  const header = new DataView(new ArrayBuffer(8));
  header.setUint16(0, 0xfffe, true);
  header.setUint16(2, 0xe000, true);
  header.setUint32(4, content.length, true);
  return [new Uint8Array(header.buffer), content];
}

/** To an even length. */
function padded(bytes: Uint8Array, pad: number): Uint8Array {
  if (bytes.length % 2 === 0) return bytes;
  const even = new Uint8Array(bytes.length + 1);
  even.set(bytes);
  even[bytes.length] = pad;
  return even;
}

/** A decimal string, which has 16 characters at most. */
export function decimal(value: number): string {
  for (let digits = 15; digits > 0; digits--) {
    const text = String(Number(value.toPrecision(digits)));
    if (text.length <= 16) return text;
  }
  return '0';
}

/** A fresh identifier of 128 random bits. *Source*: DICOM PS3.5, section B.2 (UUID-derived UIDs). */
export function freshUid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return `2.25.${bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)}`;
}
