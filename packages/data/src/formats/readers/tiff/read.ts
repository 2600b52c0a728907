import type { VoxelData } from '../../../volumes/volume.js';
import { upright } from '../../orientation.js';
import { type Header, type Raster, unpackBits } from '../../raster.js';
import { damaged, Refusal, unsupported } from '../../refusal.js';
import { inflate } from '../inflate.js';
import { decodeJpeg } from '../jpeg/read.js';
import { decodePackBits } from '../packbits.js';
import { readDirectories } from './directory.js';
import { compressions, type Layout, readLayout } from './layout.js';
import { decodeLzw } from './lzw.js';
import { imagejStack } from './stack.js';

/** @throws {Refusal} if the file is not a TIFF that can be read. */
export function tiffHeader(bytes: Uint8Array): Header {
  const pages = readDirectories(bytes);
  const frames = pages.length === 1 ? imagejStack(pages[0]) : pages.length;
  return { ...readLayout(pages[0]), frames };
}

/** More compressed blocks than this take seconds to set up, whatever is in them. */
const mostCompressedBlocks = 2 ** 16;

/**
 * The pixels of one page: strips or tiles; none, PackBits, LZW, Deflate or JPEG compression; samples side by side or in
 * planes; turned as the orientation says.
 *
 * This is a reader of its own because every maintained one in JavaScript failed the trial: see the package's README.
 *
 * @param frame Which page, or which plane of a stack that ImageJ wrote with one directory. @default the only one
 * @throws {Refusal} if there are several and none is named.
 */
export async function readTiff(bytes: Uint8Array, frame?: number): Promise<Raster> {
  const pages = readDirectories(bytes);
  const planes = pages.length === 1 ? imagejStack(pages[0]) : 1;
  const frames = pages.length * planes;
  if (frames > 1 && frame === undefined) {
    throw new Refusal(
      `is a TIFF stack of ${frames} pages, and one image is expected`,
      `Choose one with \`frame\` (--frame), 0 to ${frames - 1}, read it as a volume with \`decodeStack\`, or export the page to be used.`,
    );
  }
  const directory = pages[planes === 1 ? (frame ?? 0) : 0]!;
  const layout = readLayout(directory);
  const shifted = planes === 1 ? layout : { ...layout, ...planeOf(layout, frame ?? 0) };
  const { storedWidth, storedHeight, samples, bits, palette, kind } = layout;
  const values = await pixelsOf(bytes, shifted, directory.isLittle);
  const full = kind === 'unsigned' ? 2 ** bits - 1 : 1;
  if (layout.isWhiteZero) {
    const top = kind === 'signed' ? -1 : full;
    for (let i = 0; i < values.length; i++) values[i] = top - values[i]!;
  }
  return upright(
    { width: storedWidth, height: storedHeight, samples, values, full, ...(palette && { palette }) },
    layout.orientation,
  );
}

/** ImageJ stores planes one after another, and describes the first. */
function planeOf(
  layout: Layout,
  index: number,
): Pick<Layout, 'offsets' | 'byteCounts' | 'blockHeight' | 'isTiled'> {
  const { storedWidth, storedHeight, samples, bits, compression, offsets } = layout;
  if (compression !== compressions.none)
    throw damaged('TIFF', 'ImageJ stacks of one directory are not compressed');
  const length = Math.ceil((storedWidth * samples * bits) / 8) * storedHeight;
  return {
    offsets: [offsets[0]! + index * length],
    byteCounts: [length],
    blockHeight: storedHeight,
    isTiled: false,
  };
}

async function pixelsOf(bytes: Uint8Array, layout: Layout, isLittle: boolean): Promise<VoxelData> {
  const { storedWidth: width, storedHeight: height, samples, bits } = layout;
  const blocks = locateBlocks(bytes, layout);
  const values = emptySamples(layout, width * height * samples);
  const perPixel = layout.isPlanar ? 1 : samples;
  const perRow = layout.blockWidth * perPixel;
  for (const { data, x, y, plane, rows } of blocks) {
    const length = Math.ceil((perRow * bits) / 8) * rows;
    const raw = await decompress(layout.isReversed ? reversed(data) : data, length, layout, rows, perPixel);
    if (layout.predictor === 3) undoFloatPredictor(raw, perRow, perPixel, bits / 8, isLittle);
    const block = toSamples(raw, layout, perRow, rows, isLittle);
    if (layout.predictor === 2) undoPredictor(block, perRow, perPixel);
    const columns = Math.min(layout.blockWidth, width - x);
    for (let row = 0; row < Math.min(rows, height - y); row++) {
      const from = row * perRow;
      const to = ((y + row) * width + x) * samples + plane;
      if (perPixel === samples) values.set(block.subarray(from, from + columns * samples), to);
      else for (let i = 0; i < columns; i++) values[to + i * samples] = block[from + i]!;
    }
  }
  return values;
}

interface Block {
  readonly data: Uint8Array;
  /** Of its upper left pixel. */
  readonly x: number;
  readonly y: number;
  readonly plane: number;
  /** Rows that its data holds: fewer in the last strip, never fewer in a tile. */
  readonly rows: number;
}

function locateBlocks(bytes: Uint8Array, layout: Layout): Block[] {
  const { storedWidth: width, storedHeight: height, blockWidth, blockHeight, offsets, byteCounts } = layout;
  const { isPlanar, samples, isTiled, compression, bits } = layout;
  if (blockWidth < 1 || blockHeight < 1)
    throw damaged('TIFF', `blocks of ${blockWidth} × ${blockHeight} pixels`);
  // A tile reaches over the border by less than itself: little of a file of small images can be tiles that are much larger.
  if (isTiled && blockWidth * blockHeight > 4 * width * height + 2 ** 20) {
    throw damaged('TIFF', `tiles of ${blockWidth} × ${blockHeight} pixels`);
  }
  const across = Math.ceil(width / blockWidth);
  const down = Math.ceil(height / blockHeight);
  const count = across * down * (isPlanar ? samples : 1);
  if (compression !== compressions.none && count > mostCompressedBlocks) {
    throw unsupported('TIFF', `${count} compressed strips or tiles`, 'Save it with larger ones.');
  }
  const perBlock =
    Math.ceil((blockWidth * (isPlanar ? 1 : samples) * bits) / 8) * Math.min(blockHeight, height);
  if (count * perBlock > mostBytes) {
    throw damaged('TIFF', `${count} strips or tiles of ${blockWidth} × ${blockHeight} pixels`);
  }
  if (offsets.length < count || (byteCounts !== undefined && byteCounts.length < count)) {
    throw damaged('TIFF', `${offsets.length} of ${count} strips or tiles are there`);
  }
  let total = 0;
  return Array.from({ length: count }, (_, i) => {
    const start = offsets[i]!;
    const end = byteCounts === undefined ? (offsets[i + 1] ?? bytes.length) : start + byteCounts[i]!;
    total += end - start;
    // Blocks that share bytes would let a small file take any time to read.
    if (end > bytes.length || end < start || total > bytes.length) {
      throw damaged('TIFF', 'its strips or tiles point behind its end or overlap');
    }
    const inPlane = i % (across * down);
    const y = Math.floor(inPlane / across) * blockHeight;
    return {
      data: bytes.subarray(start, end),
      x: (inPlane % across) * blockWidth,
      y,
      plane: Math.floor(i / (across * down)),
      rows: isTiled ? blockHeight : Math.min(blockHeight, height - y),
    };
  });
}

/** More bytes than the largest image that is read can have, in blocks that reach over its border. */
const mostBytes = 2 ** 30;

async function decompress(
  data: Uint8Array,
  length: number,
  { compression, blockWidth, isYcc, jpegTables }: Layout,
  rows: number,
  samples: number,
): Promise<Uint8Array> {
  switch (compression) {
    case compressions.lzw:
      return decodeLzw(data, length);
    case compressions.packBits:
      return decodePackBits(data, length, 'TIFF');
    case compressions.jpeg:
      return decodeJpeg(
        withTables(data, jpegTables),
        { width: blockWidth, height: rows, samples },
        isYcc,
        'TIFF',
      );
    case compressions.none:
      if (data.length < length)
        throw damaged('TIFF', `${data.length} of ${length} bytes of a strip are there`);
      return data.subarray(0, length);
    default:
      return inflate('TIFF', data, length);
  }
}

/** A JPEG that is whole: the tables of all blocks, without their last marker, then the block without its first. */
function withTables(data: Uint8Array, tables: Uint8Array | undefined): Uint8Array {
  if (tables === undefined || tables.length < 4) return data;
  const whole = new Uint8Array(tables.length - 2 + data.length - 2);
  whole.set(tables.subarray(0, tables.length - 2));
  whole.set(data.subarray(2), tables.length - 2);
  return whole;
}

function reversed(data: Uint8Array): Uint8Array {
  return data.map((byte) => {
    let [from, to] = [byte, 0];
    for (let i = 0; i < 8; i++, from >>= 1) to = (to << 1) | (from & 1);
    return to;
  });
}

function emptySamples({ bits, kind }: Pick<Layout, 'bits' | 'kind'>, length: number): VoxelData {
  if (kind === 'float') return bits === 64 ? new Float64Array(length) : new Float32Array(length);
  if (kind === 'signed') {
    return bits === 8 ? new Int8Array(length) : bits === 16 ? new Int16Array(length) : new Int32Array(length);
  }
  return bits === 32 ? new Uint32Array(length) : bits > 8 ? new Uint16Array(length) : new Uint8Array(length);
}

function toSamples(
  raw: Uint8Array,
  layout: Pick<Layout, 'bits' | 'kind'>,
  perRow: number,
  rows: number,
  isLittle: boolean,
): VoxelData {
  const { bits, kind } = layout;
  if (bits === 8 && kind === 'unsigned') return raw.slice();
  if (bits < 16 && bits !== 8) return unpackBits(raw, perRow, rows, bits);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const samples = emptySamples(layout, perRow * rows);
  const read = {
    unsigned: (at: number) => (bits === 16 ? view.getUint16(at, isLittle) : view.getUint32(at, isLittle)),
    signed: (at: number) =>
      bits === 8 ? view.getInt8(at) : bits === 16 ? view.getInt16(at, isLittle) : view.getInt32(at, isLittle),
    float: (at: number) =>
      bits === 16
        ? halfFloat(view.getUint16(at, isLittle))
        : bits === 32
          ? view.getFloat32(at, isLittle)
          : view.getFloat64(at, isLittle),
  }[kind];
  for (let i = 0; i < samples.length; i++) samples[i] = read((i * bits) / 8);
  return samples;
}

/** *Source*: IEEE 754, binary16. */
function halfFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(half >> 10) & 31, half & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** Each sample was stored as its difference to the one on its left; typed arrays wrap around as the format asks. */
function undoPredictor(samples: VoxelData, perRow: number, perPixel: number): void {
  for (let start = 0; start < samples.length; start += perRow) {
    for (let i = start + perPixel; i < start + perRow; i++) samples[i]! += samples[i - perPixel]!;
  }
}

/**
 * The bytes of a row were stored as differences, all highest bytes of its numbers first, then all second ones, and so on.
 *
 * *Source*: Adobe, "TIFF Technical Note 3" (2005).
 */
function undoFloatPredictor(
  raw: Uint8Array,
  perRow: number,
  perPixel: number,
  bytes: number,
  isLittle: boolean,
): void {
  const length = perRow * bytes;
  const row = new Uint8Array(length);
  for (let start = 0; start + length <= raw.length; start += length) {
    for (let i = 0; i < length; i++) {
      row[i] = raw[start + i]! + (i < perPixel ? 0 : row[i - perPixel]!);
    }
    for (let i = 0; i < perRow; i++) {
      for (let b = 0; b < bytes; b++) {
        raw[start + i * bytes + (isLittle ? bytes - 1 - b : b)] = row[b * perRow + i]!;
      }
    }
  }
}
