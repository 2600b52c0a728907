import { crc32 } from '@sshn/core';
import { exifOrientation, isTurned, upright } from '../orientation.js';
import { type Header, isGrey, type Palette, type Raster, unpackBits } from '../raster.js';
import { damaged } from '../refusal.js';
import { inflate } from './inflate.js';
import { joinBytes } from './join-bytes.js';

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
  /** As the file has it, and as it should be. */
  readonly checksum: number;
}

interface Info extends Header {
  /** As stored, before the orientation turns it. */
  readonly storedWidth: number;
  readonly storedHeight: number;
  readonly orientation: number;
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
 * The pixels as stored, turned as EXIF says; palette images as indices. Texts, color profiles and whatever else a file holds
 * are passed over.
 *
 * *Source*: W3C, "Portable Network Graphics (PNG) Specification" (third edition), sections 7 to 10.
 */
export function readPng(bytes: Uint8Array): Raster {
  const all = [...chunks(bytes)];
  if (all.at(-1)?.type !== 'IEND') throw damaged('PNG', 'its end is missing');
  for (const { type, data, checksum } of all) {
    const isNeeded = ['IHDR', 'PLTE', 'IDAT', 'IEND'].includes(type);
    if (isNeeded && crc32(new TextEncoder().encode(type), data) !== checksum)
      throw damaged('PNG', `the checksum of ${type} is wrong`);
  }
  const { storedWidth, storedHeight, bits, colorType, isInterlaced, palette, orientation } = info(all);
  const samples = samplesOf[colorType];
  const passes = passesOf(storedWidth, storedHeight, isInterlaced);
  const lengthOf = ({ width, height }: Pass): number =>
    width === 0 ? 0 : height * (1 + Math.ceil((width * bits * samples) / 8));
  const packed = joinBytes(all.filter(({ type }) => type === 'IDAT').map(({ data }) => data));
  const filtered = inflate(
    'PNG',
    packed,
    passes.reduce((sum, pass) => sum + lengthOf(pass), 0),
  );
  const length = storedWidth * storedHeight * samples;
  const values = bits === 16 ? new Uint16Array(length) : new Uint8Array(length);
  let at = 0;
  for (const pass of passes) {
    const end = at + lengthOf(pass);
    if (end > at) {
      const rows = unfiltered(filtered.subarray(at, end), pass, bits * samples);
      const numbers = numbersIn(rows, pass, bits, samples);
      if (passes.length === 1) values.set(numbers);
      else scatter(numbers, pass, values, storedWidth, samples);
    }
    at = end;
  }
  const raster = { width: storedWidth, height: storedHeight, samples, values, full: 2 ** bits - 1 };
  return upright({ ...raster, ...(palette && { palette }) }, orientation);
}

/** A picture of every so many pixels; one that is not interlaced has a single pass. */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly stepY: number;
  readonly width: number;
  readonly height: number;
}

function passesOf(width: number, height: number, isInterlaced: boolean): Pass[] {
  const steps = isInterlaced
    ? ([
        [0, 0, 8, 8],
        [4, 0, 8, 8],
        [0, 4, 4, 8],
        [2, 0, 4, 4],
        [0, 2, 2, 4],
        [1, 0, 2, 2],
        [0, 1, 1, 2],
      ] as const)
    : ([[0, 0, 1, 1]] as const);
  return steps.map(([x, y, stepX, stepY]) => ({
    x,
    y,
    stepX,
    stepY,
    width: Math.ceil((width - x) / stepX),
    height: Math.ceil((height - y) / stepY),
  }));
}

/** The rows without their filters, one after another. */
function unfiltered(filtered: Uint8Array, { width, height }: Pass, bitsPerPixel: number): Uint8Array {
  const length = Math.ceil((width * bitsPerPixel) / 8);
  const back = Math.max(1, bitsPerPixel / 8);
  const rows = new Uint8Array(length * height);
  let above: Uint8Array = new Uint8Array(length);
  for (let y = 0; y < height; y++) {
    const from = y * (length + 1);
    const filter = filtered[from]!;
    if (filter > 4) throw damaged('PNG', `a row with filter ${filter}`);
    const row = rows.subarray(y * length, (y + 1) * length);
    row.set(filtered.subarray(from + 1, from + 1 + length));
    addPrediction(filter, row, above, back);
    above = row;
  }
  return rows;
}

/** Adds to a row what its filter takes off. A loop for each, as a choice byte by byte takes several times as long. */
function addPrediction(filter: number, row: Uint8Array, above: Uint8Array, back: number): void {
  const { length } = row;
  if (filter === 1) {
    for (let i = back; i < length; i++) row[i]! += row[i - back]!;
  } else if (filter === 2) {
    for (let i = 0; i < length; i++) row[i]! += above[i]!;
  } else if (filter === 3) {
    for (let i = 0; i < length; i++) row[i]! += ((i < back ? 0 : row[i - back]!) + above[i]!) >> 1;
  } else if (filter === 4) {
    for (let i = 0; i < length; i++) {
      const left = i < back ? 0 : row[i - back]!;
      const corner = i < back ? 0 : above[i - back]!;
      const toLeft = Math.abs(above[i]! - corner);
      const toAbove = Math.abs(left - corner);
      const toCorner = Math.abs(left + above[i]! - 2 * corner);
      const isLeft = toLeft <= toAbove && toLeft <= toCorner;
      row[i]! += isLeft ? left : toAbove <= toCorner ? above[i]! : corner;
    }
  }
}

function numbersIn(
  rows: Uint8Array,
  { width, height }: Pass,
  bits: number,
  samples: number,
): Uint8Array | Uint16Array {
  if (bits === 8) return rows;
  if (bits < 8) return unpackBits(rows, width * samples, height, bits);
  const numbers = new Uint16Array(rows.length / 2);
  for (let i = 0; i < numbers.length; i++) numbers[i] = rows[2 * i]! * 256 + rows[2 * i + 1]!;
  return numbers;
}

function scatter(
  numbers: Uint8Array | Uint16Array,
  { x, y, stepX, stepY, width, height }: Pass,
  values: Uint8Array | Uint16Array,
  wholeWidth: number,
  samples: number,
): void {
  let from = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const to = ((y + row * stepY) * wholeWidth + x + column * stepX) * samples;
      for (let c = 0; c < samples; c++) values[to + c] = numbers[from++]!;
    }
  }
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
  const colors = seen.find(({ type }) => type === 'PLTE')?.data;
  if (colorType === 3 && colors === undefined) throw damaged('PNG', 'its palette is missing');
  const palette = colorType === 3 ? paletteOf(colors!) : undefined;
  const [storedWidth, storedHeight] = [view.getUint32(0), view.getUint32(4)];
  const orientation = exifOrientation(seen.find(({ type }) => type === 'eXIf')?.data ?? new Uint8Array(0));
  return {
    storedWidth,
    storedHeight,
    orientation,
    width: isTurned(orientation) ? storedHeight : storedWidth,
    height: isTurned(orientation) ? storedWidth : storedHeight,
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
    const data = bytes.subarray(at + 8, at + 8 + length);
    const isWhole = end <= bytes.length;
    yield { type, data, checksum: isWhole ? view.getUint32(end - 4) : -1 };
    if (type === 'IEND') return;
    at = end;
  }
}
