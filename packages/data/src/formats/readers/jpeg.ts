import { decode } from 'jpeg-js';
import type { Header, Raster } from '../raster.js';
import { damaged, unsupported } from '../refusal.js';
import { exifOrientation } from './exif.js';

interface Info extends Header {
  readonly components: number;
  /** Whether the components are luma and chroma rather than red, green and blue. */
  readonly isYCbCr: boolean;
}

/** More scans than any encoder writes: a few bytes each can make a decoder go over the whole image again. */
const mostScans = 200;

/** @throws {Refusal} if the beginning of the file is not that of a JPEG that can be read. */
export function jpegHeader(bytes: Uint8Array): Header {
  return info(bytes);
}

/** The pixels, converted to grey or RGB. */
export function readJpeg(bytes: Uint8Array): Raster {
  const { width, height, components, isYCbCr } = info(bytes);
  if (countScans(bytes) > mostScans) throw unsupported('JPEG', `more than ${mostScans} scans`);
  // A block of 8 × 8 pixels takes one bit at the very least; the codec takes memory for all blocks at once.
  if (bytes.length * 8 < (width * height) / 64)
    throw damaged('JPEG', 'it is too short for its size in pixels');
  const { data } = decode(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: false,
    colorTransform: isYCbCr,
    maxResolutionInMP: Number.POSITIVE_INFINITY,
    maxMemoryUsageInMB: 64 + (width * height * 40) / 2 ** 20,
  });
  const values = components === 3 ? data : data.filter((_, i) => i % 3 === 0);
  return { width, height, samples: components, values, full: 255 };
}

function info(bytes: Uint8Array): Info {
  let adobeTransform: number | undefined;
  for (const { marker, data } of segments(bytes)) {
    if (marker === 0xe1) {
      const orientation = exifOrientation(data);
      if (orientation > 1) {
        throw unsupported(
          'JPEG',
          `EXIF orientation ${orientation}`,
          'Programs disagree on whether its pixels are turned: save it upright, as a PNG.',
        );
      }
    } else if (marker === 0xee && ascii(data, 0, 5) === 'Adobe') {
      adobeTransform = data[11];
    } else if (marker === 0xda) {
      throw damaged('JPEG', 'its frame header is missing');
    } else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return frame(marker, data, adobeTransform);
    }
  }
  throw damaged('JPEG', 'its frame header is missing');
}

function frame(marker: number, data: Uint8Array, adobeTransform: number | undefined): Info {
  if (marker > 0xc2)
    throw unsupported('JPEG', marker === 0xc3 ? 'lossless coding' : 'arithmetic or layered coding');
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [bits, height, width, components] = [
    view.getUint8(0),
    view.getUint16(1),
    view.getUint16(3),
    view.getUint8(5),
  ];
  if (bits !== 8) throw unsupported('JPEG', `${bits} bits per sample`);
  if (components !== 1 && components !== 3) throw unsupported('JPEG', `${components} components (CMYK)`);
  const names = ascii(
    Uint8Array.from({ length: components }, (_, i) => data[6 + 3 * i] ?? 0),
    0,
    3,
  );
  const isYCbCr = adobeTransform === undefined ? names !== 'RGB' : adobeTransform !== 0;
  return { width, height, channels: components, components, isYCbCr };
}

/** The segments up to the first scan, in order. */
function* segments(bytes: Uint8Array): Generator<{ marker: number; data: Uint8Array }> {
  let at = 2;
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) throw damaged('JPEG', `no marker at byte ${at}`);
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    const length = bytes[at + 2]! * 256 + bytes[at + 3]!;
    if (length < 2) throw damaged('JPEG', `a segment of length ${length}`);
    yield { marker, data: bytes.subarray(at + 4, at + 2 + length) };
    if (marker === 0xda) return;
    at += 2 + length;
  }
}

function countScans(bytes: Uint8Array): number {
  let scans = 0;
  for (let i = bytes.indexOf(0xff); i !== -1 && i + 1 < bytes.length; i = bytes.indexOf(0xff, i + 1)) {
    if (bytes[i + 1] === 0xda) scans++;
  }
  return scans;
}

function ascii(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}
