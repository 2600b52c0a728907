import type { VoxelData } from '../../../volumes/volume.js';
import { damaged, unsupported } from '../../refusal.js';
import { joinBytes } from '../join-bytes.js';
import { decodePackBits } from '../packbits.js';
import { decodeFrame } from './compressed.js';
import type { DecodedFrame } from './decoded-frame.js';
import type { DicomFile } from './file.js';
import { checkPresent, frameBytes, type PixelLayout } from './layout.js';
import { tags } from './tags.js';

/** Arrays of samples as they are stored. */
export type StoredSamples = VoxelData;

/** The samples of one frame, and whether colors among them are red, green and blue already. */
export interface Frame {
  /** Those of a pixel side by side, without what lies in bits that mean nothing. */
  readonly samples: StoredSamples;
  readonly isRgb: boolean;
}

/**
 * Prepares reading the frames of a file, one by one.
 *
 * @throws {Refusal} if the file is too short for what it claims; from the function, if the frame is damaged.
 */
export function openFrames(file: DicomFile, layout: PixelLayout): (index: number) => Promise<Frame> {
  requirePixels(file, layout);
  if (file.pixels.length !== undefined) return async (index) => nativeFrame(file, layout, index);
  if (layout.bitsAllocated === 1 || layout.number === 'float') {
    throw unsupported('DICOM', 'compressed pixels of a single bit or of floating-point numbers');
  }
  const frames = compressedFrames(file, layout.frames);
  return async (index) => {
    const frame = joinBytes(frames[index]!);
    if (layout.bitsAllocated === 32 || isRunLength(frame, file)) {
      const { height, width, samples, bitsAllocated } = layout;
      const content = decodeRle(frame, height * width, samples, bitsAllocated / 8);
      return { samples: valuesOf(content, { ...layout, isPlanar: false }, true), isRgb: false };
    }
    const decoded = await decodeFrame(frame, layout);
    return { samples: storedOf(decoded, layout), isRgb: decoded.isRgb };
  };
}

/** @throws {Refusal} if a file is too short for the pixels that it claims. */
export function requirePixels({ bytes, pixels }: DicomFile, layout: PixelLayout): void {
  const behind = Math.max(0, bytes.length - pixels.begin);
  checkPresent(layout, Math.min(behind, pixels.length ?? behind), pixels.length === undefined);
}

function isRunLength(frame: Uint8Array, { syntax }: DicomFile): boolean {
  // JPEG and JPEG 2000 begin with 0xff, JP2 boxes with their length; run-length frames with the count of their streams.
  return syntax === '1.2.840.10008.1.2.5' || (frame[0]! <= 12 && frame[1] === 0 && frame[4] === 64);
}

function nativeFrame(file: DicomFile, layout: PixelLayout, index: number): Frame {
  const { bytes, pixels, isLittleEndian } = file;
  const { height, width, bitsAllocated, photometric } = layout;
  if (!isLittleEndian && bitsAllocated <= 8 && pixels.kind === 'OW') {
    throw unsupported('DICOM', 'bytes in big-endian words');
  }
  const length = frameBytes(layout);
  if (bitsAllocated === 1)
    return { samples: bitsAt(bytes, pixels.begin, index * height * width, height * width), isRgb: false };
  const begin = pixels.begin + index * length;
  const content = bytes.subarray(begin, begin + length);
  const samples =
    photometric === 'YBR_FULL_422' ? doubledColors(content) : valuesOf(content, layout, isLittleEndian);
  return { samples, isRgb: false };
}

/** Single bits, the lowest of a byte first. *Source*: DICOM PS3.5, section 8.1.1. */
function bitsAt(bytes: Uint8Array, begin: number, firstBit: number, count: number): Uint8Array {
  const bits = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const bit = firstBit + i;
    bits[i] = (bytes[begin + (bit >> 3)]! >> (bit & 7)) & 1;
  }
  return bits;
}

/** Two pixels lie as Y, Y, Cb, Cr. *Source*: DICOM PS3.3, section C.7.6.3.1.2. */
function doubledColors(content: Uint8Array): Uint8Array {
  const samples = new Uint8Array((content.length / 2) * 3);
  for (let from = 0, to = 0; from + 4 <= content.length; from += 4, to += 6) {
    const [first, second, blue, red] = [
      content[from]!,
      content[from + 1]!,
      content[from + 2]!,
      content[from + 3]!,
    ];
    samples.set([first, blue, red, second, blue, red], to);
  }
  return samples;
}

function valuesOf(content: Uint8Array, layout: PixelLayout, isLittleEndian: boolean): StoredSamples {
  const { height, width, samples, number, bitsAllocated, bitsStored, highBit, isSigned, isPlanar } = layout;
  const pixels = height * width;
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const values = emptySamples(layout, pixels * samples);
  if (number === 'float') {
    for (let i = 0; i < values.length; i++) {
      values[i] =
        bitsAllocated === 64
          ? view.getFloat64(8 * i, isLittleEndian)
          : view.getFloat32(4 * i, isLittleEndian);
    }
    return values;
  }
  const bytesEach = bitsAllocated / 8;
  // The highest meaningful bit moves to the top of 32, then all move down: signs are kept.
  const [up, down] = [31 - highBit, 32 - bitsStored];
  for (let i = 0; i < values.length; i++) {
    const at = bytesEach * (isPlanar ? (i % samples) * pixels + Math.floor(i / samples) : i);
    const word =
      bytesEach === 1
        ? content[at]!
        : bytesEach === 2
          ? view.getUint16(at, isLittleEndian)
          : view.getUint32(at, isLittleEndian);
    values[i] = isSigned ? (word << up) >> down : (word << up) >>> down;
  }
  return values;
}

/** What a codec gave, as the file's numbers: the codec's precision counts where it is smaller than what the file says. */
function storedOf({ words, precision }: DecodedFrame, layout: PixelLayout): StoredSamples {
  const { bitsStored, highBit, isSigned } = layout;
  const bits = Math.min(bitsStored, precision);
  const top = precision > bitsStored ? Math.min(highBit, precision - 1) : bits - 1;
  const [up, down] = [31 - top, 32 - bits];
  const values = emptySamples(layout, words.length);
  for (let i = 0; i < values.length; i++)
    values[i] = isSigned ? (words[i]! << up) >> down : (words[i]! << up) >>> down;
  return values;
}

function emptySamples({ number, bitsAllocated, isSigned }: PixelLayout, length: number): StoredSamples {
  if (number === 'float') return bitsAllocated === 64 ? new Float64Array(length) : new Float32Array(length);
  if (bitsAllocated <= 8) return isSigned ? new Int8Array(length) : new Uint8Array(length);
  if (bitsAllocated === 16) return isSigned ? new Int16Array(length) : new Uint16Array(length);
  return isSigned ? new Int32Array(length) : new Uint32Array(length);
}

interface Item {
  /** Where it begins, its tag included. */
  readonly at: number;
  readonly data: Uint8Array;
}

/**
 * The pieces of every frame.
 *
 * Pixels that are compressed lie in items: an index, which may be empty, then one or more for each frame.
 *
 * *Source*: DICOM PS3.5, section A.4; PS3.3, section C.7.6.3.1.8 (extended offset table).
 *
 * @throws {Refusal} if it cannot be told which items are a frame's.
 */
function compressedFrames(file: DicomFile, frames: number): readonly (readonly Uint8Array[])[] {
  const [index, ...fragments] = itemsAt(file.bytes, file.pixels.begin);
  if (index === undefined || fragments.length === 0) throw damaged('DICOM', 'no compressed frame is there');
  if (frames === 1) return [fragments.map(({ data }) => data)];
  if (fragments.length === frames) return fragments.map(({ data }) => [data]);
  const base = fragments[0]!.at;
  const begins = frameBegins(file, index.data, fragments, frames).map((begin) => base + begin);
  const pieces: Uint8Array[][] = begins.map(() => []);
  let frame = 0;
  for (const { at, data } of fragments) {
    while (frame + 1 < frames && at >= begins[frame + 1]!) frame++;
    pieces[frame]!.push(data);
  }
  if (pieces.some(({ length }) => length === 0))
    throw damaged('DICOM', 'its index leaves a frame without a piece');
  return pieces;
}

/** Where frames begin, counted from the first piece: by an index, or by the markers that images begin with. */
function frameBegins(
  { elements }: DicomFile,
  index: Uint8Array,
  fragments: readonly Item[],
  frames: number,
): number[] {
  const basic = new DataView(index.buffer, index.byteOffset, index.byteLength);
  if (basic.byteLength >= 4 * frames)
    return Array.from({ length: frames }, (_, i) => basic.getUint32(4 * i, true));
  const wide = elements.bytes(tags.extendedOffsets);
  if (wide !== undefined && wide.length >= 8 * frames) {
    const view = new DataView(wide.buffer, wide.byteOffset, wide.byteLength);
    return Array.from({ length: frames }, (_, i) => Number(view.getBigUint64(8 * i, true)));
  }
  const first = fragments[0]!;
  const starts = fragments.filter(({ data }) => data[0] === 0xff && (data[1] === 0xd8 || data[1] === 0x4f));
  if (starts.length !== frames)
    throw damaged('DICOM', `${fragments.length} pieces for ${frames} frames and no index`);
  return starts.map(({ at }) => at - first.at);
}

function itemsAt(bytes: Uint8Array, begin: number): Item[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const items: Item[] = [];
  for (let at = begin; at + 8 <= bytes.length; ) {
    if (view.getUint16(at, true) !== 0xfffe || view.getUint16(at + 2, true) !== 0xe000) break;
    const length = view.getUint32(at + 4, true);
    if (at + 8 + length > bytes.length) throw damaged('DICOM', 'it ends within a compressed frame');
    items.push({ at, data: bytes.subarray(at + 8, at + 8 + length) });
    at += 8 + length;
  }
  return items;
}

/**
 * The little-endian samples of a frame in DICOM's run-length coding: one PackBits stream for each byte of each sample,
 * the highest byte first.
 *
 * *Source*: DICOM PS3.5, annex G.
 */
function decodeRle(frame: Uint8Array, pixels: number, samples: number, bytesEach: number): Uint8Array {
  if (frame.length < 64) throw damaged('DICOM', 'a run-length frame shorter than its header');
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const count = view.getUint32(0, true);
  if (count !== samples * bytesEach) {
    throw damaged('DICOM', `${count} run-length streams where there should be ${samples * bytesEach}`);
  }
  const begins = Array.from({ length: count }, (_, i) => view.getUint32(4 + 4 * i, true));
  const result = new Uint8Array(pixels * samples * bytesEach);
  for (const [i, begin] of begins.entries()) {
    const stream = decodePackBits(frame.subarray(begin, begins[i + 1] ?? frame.length), pixels, 'DICOM');
    const [sample, byte] = [Math.floor(i / bytesEach), bytesEach - 1 - (i % bytesEach)];
    for (let p = 0; p < pixels; p++) result[(p * samples + sample) * bytesEach + byte] = stream[p]!;
  }
  return result;
}
