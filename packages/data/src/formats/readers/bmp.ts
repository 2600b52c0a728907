import { type Header, isGrey, type Palette, type Raster, unpackBits } from '../raster.js';
import { damaged, unsupported } from '../refusal.js';

interface Info extends Header {
  readonly bits: number;
  readonly isTopDown: boolean;
  readonly pixelsAt: number;
  readonly palette: Palette | undefined;
  /** Whether rows are run-length coded. */
  readonly isPacked: boolean;
  /** Where red, green and blue sit in a pixel of 16 or 32 bits. */
  readonly masks: readonly [number, number, number];
}

/** @throws {Refusal} if the beginning of the file is not that of a BMP that can be read. */
export function bmpHeader(bytes: Uint8Array): Header {
  return info(bytes);
}

/**
 * The pixels of a Windows or OS/2 bitmap: 1, 2, 4 and 8 bits as palette indices, plain or run-length coded, 16, 24 and 32 bits
 * as RGB (a fourth byte is dropped), rows in either order.
 *
 * *Source*: Microsoft, "Bitmap storage", with the header versions from BITMAPCOREHEADER to BITMAPV5HEADER.
 */
export function readBmp(bytes: Uint8Array): Raster {
  const { width, height, bits, isTopDown, pixelsAt, palette, masks, isPacked } = info(bytes);
  if (isPacked && palette !== undefined) {
    const values = unpackRuns(bytes.subarray(pixelsAt), width, height, bits);
    return { width, height, samples: 1, values, full: 2 ** bits - 1, palette };
  }
  const stride = Math.ceil((width * bits) / 32) * 4;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (pixelsAt + stride * height > bytes.length) {
    throw damaged('BMP', `${bytes.length - pixelsAt} of ${stride * height} bytes of its pixels are there`);
  }
  const rowAt = (y: number): number => pixelsAt + stride * (isTopDown ? y : height - 1 - y);
  if (palette !== undefined) {
    const values = new Uint8Array(width * height);
    for (let y = 0; y < height; y++) {
      const row = bytes.subarray(rowAt(y), rowAt(y) + stride);
      values.set(unpackBits(row, width, 1, bits), y * width);
    }
    return { width, height, samples: 1, values, full: 2 ** bits - 1, palette };
  }
  const values = new Uint8Array(width * height * 3);
  const shifts = masks.map((mask) => ({ mask: mask >>> 0, scale: 255 / (mask >>> 0) }));
  let to = 0;
  for (let y = 0; y < height; y++) {
    let from = rowAt(y);
    for (let x = 0; x < width; x++, from += bits / 8) {
      if (bits === 24) {
        values[to++] = bytes[from + 2]!;
        values[to++] = bytes[from + 1]!;
        values[to++] = bytes[from]!;
      } else {
        const pixel = bits === 16 ? view.getUint16(from, true) : view.getUint32(from, true);
        for (const { mask, scale } of shifts) values[to++] = Math.round(((pixel & mask) >>> 0) * scale);
      }
    }
  }
  return { width, height, samples: 3, values, full: 255 };
}

function info(bytes: Uint8Array): Info {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = view.getUint32(14, true);
  const isCore = headerLength === 12;
  if (!isCore && (headerLength < 40 || headerLength > 124)) {
    throw unsupported('BMP', `a header of ${headerLength} bytes`);
  }
  const width = isCore ? view.getUint16(18, true) : view.getInt32(18, true);
  const signedHeight = isCore ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(isCore ? 24 : 28, true);
  const compression = isCore ? 0 : view.getUint32(30, true);
  if (![1, 2, 4, 8, 16, 24, 32].includes(bits)) throw damaged('BMP', `${bits} bits per pixel`);
  // 3 and 6: not compressed, but with the masks of the colors.
  const hasMasks = (compression === 3 || compression === 6) && bits !== 24 && bits >= 16;
  // 1: runs of bytes. 2: runs of half bytes.
  const isPacked = (compression === 1 && bits === 8) || (compression === 2 && bits === 4);
  if (isPacked && signedHeight < 0) throw damaged('BMP', 'run-length coded rows from the top down');
  if (compression !== 0 && !hasMasks && !isPacked) throw unsupported('BMP', 'compressed pixels');
  const palette = bits <= 8 ? paletteOf(view, bits, isCore) : undefined;
  return {
    width,
    height: Math.abs(signedHeight),
    channels: palette !== undefined && isGrey(palette) ? 1 : 3,
    bits,
    isTopDown: signedHeight < 0,
    pixelsAt: view.getUint32(10, true),
    palette,
    isPacked,
    masks: hasMasks
      ? [view.getUint32(54, true), view.getUint32(58, true), view.getUint32(62, true)]
      : bits === 16
        ? [0x7c00, 0x03e0, 0x001f]
        : [0xff0000, 0x00ff00, 0x0000ff],
  };
}

function paletteOf(view: DataView, bits: number, isCore: boolean): Palette {
  const stated = isCore ? 0 : view.getUint32(46, true);
  const count = stated === 0 ? 2 ** bits : Math.min(stated, 2 ** bits);
  const entry = isCore ? 3 : 4;
  const start = 14 + view.getUint32(14, true);
  return Array.from({ length: count }, (_, i) => {
    const [blue, green, red] = [0, 1, 2].map((c) => view.getUint8(start + entry * i + c) / 255);
    return [red!, green!, blue!];
  });
}

/**
 * Palette indices of run-length coded rows, from the last row up: a count and what is repeated (in 4 bits two in turn), or 0
 * and then 0 for the end of a row, 1 for the end of the picture, 2 for a step right and up, else so many as they are, filled
 * to two bytes. Pixels that are left out are 0.
 *
 * @throws {Refusal} if the pixels end early or lie outside.
 *
 * *Source*: Microsoft, "Bitmap Compression".
 */
function unpackRuns(stream: Uint8Array, width: number, height: number, bits: number): Uint8Array {
  const values = new Uint8Array(width * height);
  let [at, x, y] = [0, 0, height - 1];
  const put = (value: number): void => {
    if (x >= width || y < 0) throw damaged('BMP', 'runs that go beyond its rows');
    values[y * width + x++] = value;
  };
  const half = (byte: number, i: number): number => (i % 2 === 0 ? byte >> 4 : byte & 15);
  while (at + 1 < stream.length) {
    const [count, code] = [stream[at]!, stream[at + 1]!];
    at += 2;
    if (count > 0) {
      for (let i = 0; i < count; i++) put(bits === 8 ? code : half(code, i));
    } else if (code === 0) {
      [x, y] = [0, y - 1];
    } else if (code === 1) {
      return values;
    } else if (code === 2) {
      if (at + 1 >= stream.length) break;
      [x, y] = [x + stream[at]!, y - stream[at + 1]!];
      at += 2;
    } else {
      const length = bits === 8 ? code : Math.ceil(code / 2);
      if (at + length > stream.length) break;
      for (let i = 0; i < code; i++) put(bits === 8 ? stream[at + i]! : half(stream[at + (i >> 1)]!, i));
      at += length + (length % 2);
    }
  }
  throw damaged('BMP', 'its run-length coded pixels end early');
}
