import { type Header, type Raster, unpackBits } from '../../raster.js';
import { damaged } from '../../refusal.js';
import { inflate } from '../inflate.js';
import { decodePackBits } from '../packbits.js';
import { readDirectory } from './directory.js';
import { type Layout, readLayout } from './layout.js';
import { decodeLzw } from './lzw.js';

type Samples = Raster['values'];

/** @throws {Refusal} if the file is not a TIFF that can be read. */
export function tiffHeader(bytes: Uint8Array): Header {
  return readLayout(readDirectory(bytes));
}

/**
 * The pixels of a TIFF of one page: strips or tiles; none, PackBits, LZW or Deflate compression; samples side by side
 * or in planes.
 *
 * This is a reader of its own because every maintained one in JavaScript failed the trial: see the package's README.
 */
export function readTiff(bytes: Uint8Array): Raster {
  const directory = readDirectory(bytes);
  const layout = readLayout(directory);
  const { width, height, samples, bits, palette, isWhiteZero, isFloat } = layout;
  const blocks = locateBlocks(bytes, layout);
  const values = emptySamples(layout, width * height * samples);
  const perPixel = layout.isPlanar ? 1 : samples;
  for (const { data, x, y, plane, rows } of blocks) {
    const length = Math.ceil((layout.blockWidth * perPixel * bits) / 8) * rows;
    const raw = decompress(data, length, layout.compression);
    const block = toSamples(raw, layout, layout.blockWidth * perPixel, rows, directory.isLittle);
    if (layout.hasPredictor) undoPredictor(block, layout.blockWidth * perPixel, perPixel);
    const columns = Math.min(layout.blockWidth, width - x);
    for (let row = 0; row < Math.min(rows, height - y); row++) {
      const from = row * layout.blockWidth * perPixel;
      const to = ((y + row) * width + x) * samples + plane;
      if (perPixel === samples) values.set(block.subarray(from, from + columns * samples), to);
      else for (let i = 0; i < columns; i++) values[to + i * samples] = block[from + i]!;
    }
  }
  const full = isFloat ? 1 : 2 ** bits - 1;
  if (isWhiteZero) for (let i = 0; i < values.length; i++) values[i] = full - values[i]!;
  return { width, height, samples, values, full, ...(palette && { palette }) };
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
  const { width, height, blockWidth, blockHeight, offsets, byteCounts, isPlanar, samples, isTiled } = layout;
  if (blockWidth < 1 || blockHeight < 1)
    throw damaged('TIFF', `blocks of ${blockWidth} × ${blockHeight} pixels`);
  if (isTiled && blockWidth * blockHeight > 16 * width * height + 2 ** 20) {
    throw damaged('TIFF', `tiles of ${blockWidth} × ${blockHeight} pixels`);
  }
  const across = Math.ceil(width / blockWidth);
  const down = Math.ceil(height / blockHeight);
  const count = across * down * (isPlanar ? samples : 1);
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

function decompress(data: Uint8Array, length: number, compression: number): Uint8Array {
  if (compression === 5) return decodeLzw(data, length);
  if (compression === 32773) return decodePackBits(data, length, 'TIFF');
  if (compression !== 1) return inflate('TIFF', data, length);
  if (data.length < length) throw damaged('TIFF', `${data.length} of ${length} bytes of a strip are there`);
  return data.subarray(0, length);
}

function emptySamples({ bits, isFloat }: Layout, length: number): Samples {
  if (isFloat) return bits === 32 ? new Float32Array(length) : new Float64Array(length);
  return bits === 16 ? new Uint16Array(length) : new Uint8Array(length);
}

function toSamples(
  raw: Uint8Array,
  layout: Layout,
  perRow: number,
  rows: number,
  isLittle: boolean,
): Samples {
  const { bits } = layout;
  if (bits === 8) return raw.slice();
  if (bits < 8) return unpackBits(raw, perRow, rows, bits);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const samples = emptySamples(layout, perRow * rows);
  for (let i = 0; i < samples.length; i++) {
    if (bits === 16) samples[i] = view.getUint16(2 * i, isLittle);
    else samples[i] = bits === 32 ? view.getFloat32(4 * i, isLittle) : view.getFloat64(8 * i, isLittle);
  }
  return samples;
}

/** Each sample was stored as its difference to the one on its left; typed arrays wrap around as the format asks. */
function undoPredictor(samples: Samples, perRow: number, perPixel: number): void {
  for (let start = 0; start < samples.length; start += perRow) {
    for (let i = start + perPixel; i < start + perRow; i++) samples[i]! += samples[i - perPixel]!;
  }
}
