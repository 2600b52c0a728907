import { damaged, unsupported } from '../../refusal.js';
import { jpegHeader, readJpeg } from '../jpeg.js';
import { compressedFrame } from './fragments.js';
import type { PixelLayout } from './layout.js';
import type { DicomFile } from './parse.js';
import { decodeRle } from './rle.js';

/** Arrays of stored samples. */
export type StoredSamples = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

/**
 * The samples of one frame as they are stored, those of a pixel side by side, without what lies in bits that mean nothing.
 *
 * @throws {Refusal} if they are not all there.
 */
export function frameSamples(file: DicomFile, layout: PixelLayout, frame: number): StoredSamples {
  if (file.coding === 'jpeg') return jpegSamples(compressedFrame(file, frame, layout.frames), layout);
  const { bytes, isInterleaved, isLittleEndian } = frameBytes(file, layout, frame);
  const { height, width, samples, bitsAllocated, bitsStored, highBit, isSigned } = layout;
  const pixels = height * width;
  const values = emptySamples(layout, pixels * samples);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bytesEach = bitsAllocated / 8;
  const read = (at: number): number => {
    if (bytesEach === 1) return view.getUint8(at);
    return bytesEach === 2 ? view.getUint16(at, isLittleEndian) : view.getUint32(at, isLittleEndian);
  };
  // The highest meaningful bit moves to the top of 32, then all move down: signs are kept.
  const [up, down] = [31 - highBit, 32 - bitsStored];
  for (let i = 0; i < values.length; i++) {
    const from = isInterleaved ? i : (i % samples) * pixels + Math.floor(i / samples);
    const aligned = read(from * bytesEach) << up;
    values[i] = isSigned ? aligned >> down : aligned >>> down;
  }
  return values;
}

function frameBytes(
  file: DicomFile,
  { height, width, samples, bitsAllocated, frames, isPlanar, photometric }: PixelLayout,
  frame: number,
): { bytes: Uint8Array; isInterleaved: boolean; isLittleEndian: boolean } {
  const bytesEach = bitsAllocated / 8;
  if (file.coding === 'rle') {
    const stream = compressedFrame(file, frame, frames);
    return {
      bytes: decodeRle(stream, height * width, samples, bytesEach),
      isInterleaved: true,
      isLittleEndian: true,
    };
  }
  if (photometric === 'YBR_FULL_422') throw unsupported('DICOM', 'colors at half the width, uncompressed');
  if (!file.isLittleEndian && bytesEach === 1 && file.pixels.vr === 'OW') {
    throw unsupported('DICOM', 'bytes in big-endian words');
  }
  const length = height * width * samples * bytesEach;
  const begin = file.pixels.dataOffset + frame * length;
  const there = Math.max(0, file.bytes.length - begin);
  if (there < length) throw damaged('DICOM', `${there} of ${length} bytes of its pixels are there`);
  return {
    bytes: file.bytes.subarray(begin, begin + length),
    isInterleaved: !isPlanar,
    isLittleEndian: file.isLittleEndian,
  };
}

function jpegSamples(bytes: Uint8Array, { height, width, samples }: PixelLayout): Uint8Array {
  // Before memory is taken for it: limits were checked for the size that the file tells.
  const header = jpegHeader(bytes);
  if (header.height !== height || header.width !== width || header.channels < samples) {
    throw damaged('DICOM', 'its JPEG is of another size');
  }
  const raster = readJpeg(bytes);
  const values = new Uint8Array(height * width * samples);
  for (let i = 0; i < values.length; i++)
    values[i] = raster.values[Math.floor(i / samples) * raster.samples + (i % samples)]!;
  return values;
}

function emptySamples({ bitsAllocated, isSigned }: PixelLayout, length: number): StoredSamples {
  if (bitsAllocated === 8) return isSigned ? new Int8Array(length) : new Uint8Array(length);
  if (bitsAllocated === 16) return isSigned ? new Int16Array(length) : new Uint16Array(length);
  return isSigned ? new Int32Array(length) : new Uint32Array(length);
}
