import { exifOrientation, isTurned, upright } from '../../orientation.js';
import type { Header, Raster } from '../../raster.js';
import { damaged, unsupported } from '../../refusal.js';
import { runCodec } from '../codecs.js';
import { decodeAnyJpeg } from './decode.js';
import { withTransform } from './markers.js';

interface Info {
  /** As stored, before the orientation turns it. */
  readonly width: number;
  readonly height: number;
  /** Grey, colors, or cyan, magenta, yellow and black. */
  readonly components: 1 | 3 | 4;
  readonly isProgressive: boolean;
  /** Whether the first three components are luma and chroma rather than red, green and blue (or cyan, magenta, yellow). */
  readonly isYcc: boolean;
  readonly orientation: number;
}

/** More scans than any encoder writes: a few bytes each can make a decoder go over the whole image again. */
const mostScans = 200;

/** Encoders write some ten scans; more than `usualScans` of a large image take minutes. */
const usualScans = 16;
const mostScannedPixels = 2 ** 30;

/** @throws {Refusal} if the beginning of the file is not that of a JPEG that can be read. */
export function jpegHeader(bytes: Uint8Array): Header {
  const { width, height, components, orientation } = info(bytes);
  const [shownWidth, shownHeight] = isTurned(orientation) ? [height, width] : [width, height];
  return { width: shownWidth, height: shownHeight, channels: components === 1 ? 1 : 3 };
}

/** The pixels, converted to grey or RGB and turned as EXIF says. @throws {Refusal} if they are damaged or not read. */
export async function readJpeg(bytes: Uint8Array): Promise<Raster> {
  const found = info(bytes);
  const { width, height, components, orientation } = found;
  const isComplete = checkScans(bytes, found);
  // A block of 8 × 8 pixels takes one bit at the very least; the codec takes memory for all blocks at once.
  if (bytes.length * 8 < (width * height) / 64)
    throw damaged('JPEG', 'it is too short for its size in pixels');
  const whole = ended(bytes);
  // A picture that is refined scan by scan decodes without the last ones, if worse.
  if (whole !== bytes && !isComplete) throw damaged('JPEG', 'its last scans are missing');
  const samples = components === 1 ? 1 : 3;
  const values =
    components === 4
      ? rgbOfInks(decodeAnyJpeg(whole, 'JPEG'), found)
      : await decodeJpeg(whole, { width, height, samples }, found.isYcc, 'JPEG');
  return upright({ width, height, samples, values, full: 255 }, orientation);
}

/**
 * The bytes of an 8-bit JPEG, baseline or progressive, as grey or as red, green and blue.
 *
 * @param isYcc Whether three components are luma and chroma, whatever markers say.
 * @param format What errors call the file.
 * @throws {Refusal} if it is damaged, cut off or of another size.
 */
export async function decodeJpeg(
  jpeg: Uint8Array,
  size: { readonly height: number; readonly width: number; readonly samples: number },
  isYcc: boolean,
  format: string,
): Promise<Uint8Array> {
  const marked = size.samples === 3 ? withTransform(jpeg, isYcc, format) : jpeg;
  const { bytes } = await runCodec('jpeg', marked, size, format);
  return bytes;
}

/**
 * Red, green and blue of cyan, magenta, yellow and black, without the profile of a printer: (1 − ink)(1 − black).
 *
 * Inks are stored inverted, as Adobe's programs do, and the first three may be transformed to luma and chroma.
 *
 * *Source*: Adobe Technical Note 5116, section 18 (the marker APP14); the same formula as Pillow's.
 */
function rgbOfInks(samples: Uint16Array, { isYcc }: Info): Uint8Array {
  const colors = new Uint8ClampedArray((samples.length / 4) * 3);
  for (let from = 0, to = 0; from < samples.length; from += 4, to += 3) {
    const k = samples[from + 3]!;
    let [c, m, y] = [samples[from]!, samples[from + 1]!, samples[from + 2]!];
    if (isYcc) {
      const [luma, blue, red] = [c, m - 128, y - 128];
      c = 255 - clamped(luma + 1.402 * red);
      m = 255 - clamped(luma - 0.344136 * blue - 0.714136 * red);
      y = 255 - clamped(luma + 1.772 * blue);
    }
    colors[to] = (c * k) / 255;
    colors[to + 1] = (m * k) / 255;
    colors[to + 2] = (y * k) / 255;
  }
  return new Uint8Array(colors.buffer);
}

function clamped(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}

/** With the last marker, which some cameras and cut downloads leave out; if pixels are missing too, the codec says so. */
function ended(bytes: Uint8Array): Uint8Array {
  for (let at = bytes.length - 2; at >= 2; at--) {
    if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return bytes;
    if (bytes[at] === 0xff && bytes[at + 1] === 0xda) break;
  }
  const whole = new Uint8Array(bytes.length + 2);
  whole.set(bytes);
  whole.set([0xff, 0xd9], bytes.length);
  return whole;
}

function info(bytes: Uint8Array): Info {
  let adobeTransform: number | undefined;
  let orientation = 1;
  for (const { marker, data } of segments(bytes)) {
    if (marker === 0xe1 && ascii(data, 0, 6) === 'Exif\0\0') {
      orientation = exifOrientation(data.subarray(6));
    } else if (marker === 0xee && ascii(data, 0, 5) === 'Adobe') {
      adobeTransform = data[11];
    } else if (marker === 0xda) {
      throw damaged('JPEG', 'its frame header is missing');
    } else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { ...frame(marker, data, adobeTransform), orientation };
    }
  }
  throw damaged('JPEG', 'its frame header is missing');
}

function frame(
  marker: number,
  data: Uint8Array,
  adobeTransform: number | undefined,
): Omit<Info, 'orientation'> {
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
  if (components !== 1 && components !== 3 && components !== 4)
    throw unsupported('JPEG', `${components} components`);
  const names = ascii(
    Uint8Array.from({ length: components }, (_, i) => data[6 + 3 * i] ?? 0),
    0,
    3,
  );
  const isYcc = adobeTransform === undefined ? components !== 4 && names !== 'RGB' : adobeTransform !== 0;
  return { width, height, components, isProgressive: marker === 0xc2, isYcc };
}

/** The segments up to the first scan, in order. */
function* segments(bytes: Uint8Array): Generator<{ marker: number; at: number; data: Uint8Array }> {
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
    yield { marker, at, data: bytes.subarray(at + 4, at + 2 + length) };
    if (marker === 0xda) return;
    at += 2 + length;
  }
}

/**
 * Whether the scans bring all bits of all coefficients.
 *
 * @throws {Refusal} if there is no scan, too many, or one whose spectrum makes no sense.
 */
function checkScans(bytes: Uint8Array, { isProgressive, components, width, height }: Info): boolean {
  let scans = 0;
  const missing = new Set(
    Array.from({ length: components }, (_, c) => c).flatMap((c) => [`${c} 0`, `${c} 63`]),
  );
  const ids: number[] = [];
  // Pictures within EXIF have scans of their own.
  const first = [...segments(bytes)].find(({ marker }) => marker === 0xda)?.at ?? bytes.length;
  for (let i = bytes.indexOf(0xff, first); i !== -1 && i + 1 < bytes.length; i = bytes.indexOf(0xff, i + 1)) {
    if (bytes[i + 1] !== 0xda) continue;
    scans++;
    const last = i + 2 + 256 * (bytes[i + 2] ?? 0) + (bytes[i + 3] ?? 0);
    if (!isProgressive || last > bytes.length) continue;
    // *Source*: ITU-T T.81, section G.1.1.1.1: the band of coefficients, and the bits that were sent before and now.
    const [from = 0, to = 0, bits = 0] = bytes.subarray(last - 3, last);
    const [before, now] = [bits >> 4, bits & 15];
    const count = bytes[i + 4]!;
    for (let c = 0; c < count && now === 0; c++) {
      const id = bytes[i + 5 + 2 * c]!;
      if (!ids.includes(id)) ids.push(id);
      for (const coefficient of [from, to]) missing.delete(`${ids.indexOf(id)} ${coefficient}`);
    }
    const isBand = from === 0 ? to === 0 : to >= from && to <= 63;
    if (!isBand || now > 13 || (before !== 0 && before !== now + 1)) {
      throw damaged('JPEG', `a progressive scan of coefficients ${from} to ${to}, bits ${before} to ${now}`);
    }
  }
  if (scans === 0) throw damaged('JPEG', 'its pixels are missing');
  if (scans > mostScans) throw unsupported('JPEG', `more than ${mostScans} scans`);
  if (scans > usualScans && scans * width * height > mostScannedPixels)
    throw unsupported('JPEG', `${scans} scans of ${width} × ${height} pixels`);
  return !isProgressive || missing.size === 0;
}

function ascii(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}
