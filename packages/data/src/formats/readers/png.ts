import { decode } from 'fast-png';
import { type Header, isGrey, type Palette, type Raster, unpackBits } from '../raster.js';
import { damaged, unsupported } from '../refusal.js';
import { inflate } from './inflate.js';

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
  /** With length, type and checksum. */
  readonly whole: Uint8Array;
}

interface Info extends Header {
  readonly bits: number;
  readonly colorType: 0 | 2 | 3 | 4 | 6;
  readonly isInterlaced: boolean;
  readonly palette: Palette | undefined;
}

const samplesOf = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;

/** @throws {Refusal} if the beginning of the file is not that of a PNG that can be read. */
export function pngHeader(bytes: Uint8Array): Header {
  const seen: Chunk[] = [];
  for (const chunk of chunks(bytes)) {
    if (chunk.type === 'IDAT' || chunk.type === 'IEND') break;
    seen.push(chunk);
  }
  return info(seen);
}

/**
 * The pixels as stored; palette images as indices.
 *
 * The codec sees only the chunks that make up the picture: a text or a color profile cannot harm it, and the size of
 * the decompressed pixels is checked first.
 */
export function readPng(bytes: Uint8Array): Raster {
  const all = [...chunks(bytes)];
  if (all.at(-1)?.type !== 'IEND') throw damaged('PNG', 'its end is missing');
  const { width, height, bits, colorType, isInterlaced, palette } = info(all);
  const samples = samplesOf[colorType];
  const pixelData = join(all.filter(({ type }) => type === 'IDAT').map(({ data }) => data));
  inflate('PNG', pixelData, filteredLength(width, height, bits * samples, isInterlaced));

  const kept = all.filter(({ type }) => ['IHDR', 'PLTE', 'IDAT', 'IEND'].includes(type));
  const { data } = decode(join([bytes.subarray(0, 8), ...kept.map(({ whole }) => whole)]), {
    checkCrc: true,
  });
  const values =
    bits < 8 ? unpackBits(data as Uint8Array, width, height, bits) : (data as Uint8Array | Uint16Array);
  return { width, height, samples, values, full: 2 ** bits - 1, ...(palette && { palette }) };
}

function info(seen: readonly Chunk[]): Info {
  const header = seen[0];
  if (header?.type !== 'IHDR' || header.data.length !== 13) throw damaged('PNG', 'its header is missing');
  if (seen.some(({ type }, i) => i > 0 && type === 'IHDR')) throw damaged('PNG', 'it has two headers');
  const view = new DataView(header.data.buffer, header.data.byteOffset, 13);
  const [bits, colorType, interlace] = [view.getUint8(8), view.getUint8(9), view.getUint8(12)];
  const allowed: Record<number, readonly number[]> = {
    0: [1, 2, 4, 8, 16],
    2: [8, 16],
    3: [1, 2, 4, 8],
    4: [8, 16],
    6: [8, 16],
  };
  if (!allowed[colorType]?.includes(bits) || interlace > 1) {
    throw damaged('PNG', `color type ${colorType}, ${bits} bits, interlacing ${interlace}`);
  }
  // The codec takes a byte per pixel in interlaced images, whatever the bits.
  if (interlace === 1 && bits < 8) throw unsupported('PNG', `interlacing at ${bits} bits per pixel`);
  const colors = seen.find(({ type }) => type === 'PLTE')?.data;
  if (colorType === 3 && colors === undefined) throw damaged('PNG', 'its palette is missing');
  const palette = colorType === 3 ? paletteOf(colors!) : undefined;
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    channels: palette === undefined ? (colorType === 0 || colorType === 4 ? 1 : 3) : isGrey(palette) ? 1 : 3,
    bits,
    colorType: colorType as Info['colorType'],
    isInterlaced: interlace === 1,
    palette,
  };
}

function paletteOf(colors: Uint8Array): Palette {
  return Array.from({ length: Math.floor(colors.length / 3) }, (_, i) => {
    const [red, green, blue] = colors.subarray(3 * i, 3 * i + 3);
    return [red! / 255, green! / 255, blue! / 255];
  });
}

function* chunks(bytes: Uint8Array): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 8;
  while (at + 12 <= bytes.length) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + 12 + length;
    yield { type, data: bytes.subarray(at + 8, at + 8 + length), whole: bytes.subarray(at, end) };
    if (type === 'IEND') return;
    at = end;
  }
}

/** Bytes of all rows, each with its filter byte; interlaced images consist of seven smaller ones. */
function filteredLength(width: number, height: number, bitsPerPixel: number, isInterlaced: boolean): number {
  const bytesOf = (w: number, h: number): number =>
    w === 0 ? 0 : h * (1 + Math.ceil((w * bitsPerPixel) / 8));
  if (!isInterlaced) return bytesOf(width, height);
  const passes = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ] as const;
  return passes.reduce(
    (sum, [x, y, stepX, stepY]) =>
      sum + bytesOf(Math.ceil((width - x) / stepX), Math.ceil((height - y) / stepY)),
    0,
  );
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
