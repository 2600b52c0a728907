import { damaged, unsupported } from '../../refusal.js';
import { runCodec } from '../codecs.js';
import { type DecodedFrame, wordsOf } from './decoded-frame.js';
import type { PixelLayout } from './layout.js';

/** More tiles than any image needs; each takes the decoder some kilobytes. */
const mostTiles = 4096;

/** More packets than a file needs: a bit each of them makes the decoder look at a part of the image. */
const mostPackets = 2 ** 22;

/**
 * How many packets the main header promises: one for each layer, level, component and precinct, as the levels' precincts
 * get half as many in each direction.
 *
 * *Source*: ITU-T T.800, sections A.6.1 (coding style default) and B.6 (precincts).
 */
function packetsOf(frame: Uint8Array, width: number, height: number, components: number): number {
  for (let at = 2; at + 14 <= frame.length && frame[at] === 0xff && frame[at + 1] !== 0x90; ) {
    const end = at + 2 + 256 * frame[at + 2]! + frame[at + 3]!;
    if (frame[at + 1] === 0x52) {
      const layers = 256 * frame[at + 6]! + frame[at + 7]!;
      const levels = frame[at + 9]! + 1;
      const hasPrecincts = (frame[at + 4]! & 1) === 1;
      let precincts = levels;
      for (let i = 0; hasPrecincts && i < levels && at + 14 + i < end; i++) {
        const exponents = frame[at + 14 + i]!;
        const shrunk = 2 ** (levels - 1 - i);
        const [across, down] = [2 ** (exponents & 15), 2 ** (exponents >> 4)];
        precincts += Math.ceil(width / shrunk / across) * Math.ceil(height / shrunk / down);
      }
      return layers * components * precincts;
    }
    at = Math.max(end, at + 4);
  }
  return 0;
}

/**
 * How many different tiles a codestream holds. The decoder leaves those out that are missing, as zeros.
 *
 * *Source*: ITU-T T.800, section A.4.2 (start of tile-part).
 */
function tilesIn(frame: Uint8Array): number {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const found = new Set<number>();
  let at = 2;
  while (at + 4 <= frame.length && view.getUint16(at) !== 0xff90)
    at += 2 + Math.max(2, view.getUint16(at + 2));
  while (at + 12 <= frame.length && view.getUint16(at) === 0xff90) {
    found.add(view.getUint16(at + 4));
    const length = view.getUint32(at + 6);
    // A length of 0 is that of the last tile-part, up to the end.
    if (length < 14) break;
    at += length;
  }
  return found.size;
}

/** Where the codestream begins, behind the boxes of a JP2 file where a frame has them. */
export function codestreamBegin(frame: Uint8Array): number | undefined {
  const isBegin = (at: number) =>
    frame[at] === 0xff && frame[at + 1] === 0x4f && frame[at + 2] === 0xff && frame[at + 3] === 0x51;
  const isBoxed = String.fromCharCode(...frame.subarray(4, 8)) === 'jP  ';
  const last = isBoxed ? Math.min(frame.length - 4, 4096) : 0;
  for (let at = 0; at <= last; at++) if (isBegin(at)) return at;
  return undefined;
}

/**
 * Decodes a frame of JPEG 2000 or High-Throughput JPEG 2000.
 *
 * @param frame From the beginning of its codestream on.
 * @throws {Refusal} if it is damaged or of another size than the file says.
 */
export async function decodeJpeg2000(frame: Uint8Array, layout: PixelLayout): Promise<DecodedFrame> {
  const { height, width, samples, isSigned } = layout;
  if (frame.length < 42 + 3 * samples) throw damaged('DICOM', 'its JPEG 2000 is cut off');
  // *Source*: ITU-T T.800, section A.5.1 (image and tile size).
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const [right, bottom, left, top, tileWidth, tileHeight, tileLeft, tileTop] = Array.from(
    { length: 8 },
    (_, i) => view.getUint32(8 + 4 * i),
  ) as [number, number, number, number, number, number, number, number];
  const components = view.getUint16(40);
  if (right - left !== width || bottom - top !== height || components !== samples) {
    throw damaged('DICOM', 'its JPEG 2000 is of another size');
  }
  const tiles = Math.ceil((right - tileLeft) / tileWidth) * Math.ceil((bottom - tileTop) / tileHeight);
  if (!(tiles >= 1 && tiles <= mostTiles)) throw unsupported('DICOM', `JPEG 2000 of ${tiles} tiles`);
  if (tilesIn(frame) !== tiles) throw damaged('DICOM', 'its JPEG 2000 lacks tiles');
  const packets =
    tiles * packetsOf(frame, Math.min(width, tileWidth), Math.min(height, tileHeight), components);
  if (packets > mostPackets) throw unsupported('DICOM', `JPEG 2000 of ${packets} packets`);
  const depths = Array.from({ length: components }, (_, i) => view.getUint8(42 + 3 * i));
  const precision = (depths[0]! & 0x7f) + 1;
  if (precision > 16 || depths.some((depth) => depth !== depths[0]))
    throw unsupported('DICOM', `JPEG 2000 of ${precision} bits`);
  if (depths[0]! > 0x7f && !isSigned)
    throw damaged('DICOM', 'its JPEG 2000 has signs and its pixels have none');
  const { bytes, info } = await runCodec('jpeg2000', frame, layout, 'DICOM');
  const isRgb = layout.photometric !== 'YBR_FULL' && layout.photometric !== 'YBR_FULL_422';
  return { words: wordsOf(bytes, info), precision, isRgb };
}
