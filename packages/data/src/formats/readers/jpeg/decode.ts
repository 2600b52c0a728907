/**
 * A decoder for the JPEGs that the codecs of this package do not read: lossless coding of 2 to 16 bits and DCT coding of 12
 * bits, which DICOM uses, and four components (CMYK), which printers use.
 *
 * Of the packages that claim lossless JPEG, `jpeg-lossless-decoder-js` loses the last pixel of some files (seen in one of
 * twelve against dcmtk), `@cornerstonejs/codec-libjpeg-turbo-8bit` reads 8 bits and up to three components only; none reads 12 bits.
 */
import { damaged, unsupported } from '../../refusal.js';
import { CosineDecoder, readQuantizations } from './cosine.js';
import type { Component, FrameHeader, Scan } from './frame.js';
import { Bits, type Huffman, readTables } from './huffman.js';
import { decodeLossless } from './lossless.js';

/**
 * Decodes a JPEG of Huffman coding: baseline, extended, progressive or lossless. Samples of a pixel lie side by side, as they
 * are coded: no colors are converted. Components of fewer samples are resized to the frame linearly.
 *
 * *Source*: ITU-T T.81, annexes B (markers), C and F (Huffman coding), A.3.3 (DCT), G (progressive), H (lossless).
 *
 * @param format What errors call the file.
 * @throws {Refusal} if it is damaged, cut off, or coded in another way.
 */
export function decodeAnyJpeg(bytes: Uint8Array, format: string): Uint16Array {
  const quantizations: Uint16Array[] = [];
  const tables = new Map<number, Huffman>();
  let restartInterval = 0;
  let frame: FrameHeader | undefined;
  let cosine: CosineDecoder | undefined;
  let samples: Uint16Array | undefined;
  const seen = new Set<number>();
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff || bytes[at + 1] === 0xff) {
      at++;
      continue;
    }
    const marker = bytes[at + 1]!;
    if (marker === 0xd9) break;
    if (marker === 0 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2;
      continue;
    }
    const end = at + 2 + 256 * bytes[at + 2]! + bytes[at + 3]!;
    const segment = bytes.subarray(at + 4, end);
    if (end > bytes.length) throw damaged(format, 'its JPEG is cut off');
    at = end;
    if (marker === 0xc4) readTables(segment, tables, format);
    else if (marker === 0xdb) readQuantizations(segment, quantizations, format);
    else if (marker === 0xdd) restartInterval = 256 * segment[0]! + segment[1]!;
    else if (marker >= 0xc0 && marker <= 0xc3) {
      if (frame !== undefined) throw damaged(format, 'its JPEG has two frame headers');
      frame = frameHeader(segment, marker, format);
      if (frame.isLossless) samples = new Uint16Array(frame.height * frame.width * frame.components.length);
      else cosine = new CosineDecoder(frame, quantizations);
    } else if (marker > 0xc3 && marker <= 0xcf && marker !== 0xc8 && marker !== 0xcc) {
      throw unsupported(format, `JPEG of process ${marker - 0xc0}`);
    } else if (marker === 0xda) {
      if (frame === undefined) throw damaged(format, 'its JPEG has no frame header');
      const scan = scanHeader(segment, frame, tables, format);
      for (const index of scan.components) {
        if (seen.has(index) && !frame.isProgressive)
          throw damaged(format, 'its JPEG codes a component twice');
        seen.add(index);
      }
      const bits = new Bits(bytes, at, format);
      const source = { bits, restartInterval, format };
      if (samples !== undefined) decodeLossless(frame, scan, source, samples);
      else cosine?.scan(scan, source);
      at = bits.at;
    }
  }
  if (frame === undefined || seen.size !== frame.components.length)
    throw damaged(format, 'its JPEG is cut off');
  return samples ?? cosine!.samples(format);
}

function frameHeader(segment: Uint8Array, marker: number, format: string): FrameHeader {
  const [precision, count] = [segment[0]!, segment[5]!];
  const [height, width] = [256 * segment[1]! + segment[2]!, 256 * segment[3]! + segment[4]!];
  if (segment.length < 6 + 3 * count || count < 1 || count > 4 || height < 1 || width < 1) {
    throw damaged(format, 'its JPEG has no size');
  }
  const isLossless = marker === 0xc3;
  if (isLossless ? precision < 2 || precision > 16 : precision !== 8 && precision !== 12) {
    throw damaged(format, `JPEG of ${precision} bits`);
  }
  const components = Array.from({ length: count }, (_, i): Component => {
    const factors = segment[7 + 3 * i]!;
    const [across, down] = [factors >> 4, factors & 15];
    if (isLossless && factors !== 0x11)
      throw unsupported(format, 'lossless JPEG with colors at half the width');
    if (across < 1 || across > 4 || down < 1 || down > 4)
      throw damaged(format, `${across} × ${down} samples in its JPEG`);
    return {
      id: segment[6 + 3 * i]!,
      quantization: segment[8 + 3 * i]!,
      across,
      down,
      table: undefined,
      acTable: undefined,
    };
  });
  return { isLossless, isProgressive: marker === 0xc2, precision, height, width, components };
}

function scanHeader(
  segment: Uint8Array,
  { components, precision, isLossless, isProgressive }: FrameHeader,
  tables: Map<number, Huffman>,
  format: string,
): Scan {
  const count = segment[0]!;
  if (count < 1 || count > components.length || segment.length < 4 + 2 * count)
    throw damaged(format, 'its JPEG has a bad scan');
  const [first, last, bits] = [segment[1 + 2 * count]!, segment[2 + 2 * count]!, segment[3 + 2 * count]!];
  const [before, shift] = [bits >> 4, bits & 15];
  const indices = Array.from({ length: count }, (_, i) => {
    const index = components.findIndex(({ id }) => id === segment[1 + 2 * i]);
    const component = components[index];
    if (component === undefined) throw damaged(format, 'its JPEG codes a component that it does not have');
    const selectors = segment[2 + 2 * i]!;
    component.table = tables.get(selectors >> 4);
    component.acTable = tables.get(16 + (selectors & 15));
    const needsTable = isProgressive ? first === 0 && before === 0 : true;
    const needsAc = isProgressive ? first > 0 : !isLossless;
    if ((needsTable && component.table === undefined) || (needsAc && component.acTable === undefined)) {
      throw damaged(format, 'its JPEG lacks a Huffman table');
    }
    return index;
  });
  if (isLossless && (first < 1 || first > 7 || shift >= precision)) {
    throw damaged(format, `predictor ${first} in its JPEG`);
  }
  if (isProgressive) {
    const isBand = first === 0 ? last === 0 : last >= first && last <= 63 && count === 1;
    if (!isBand || shift > 13 || (before !== 0 && before !== shift + 1))
      throw damaged(format, `a progressive scan of coefficients ${first} to ${last} in its JPEG`);
  }
  return { components: indices, first, last, before, shift };
}
