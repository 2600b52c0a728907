/**
 * The two kinds of JPEG that DICOM uses and image formats do not: lossless coding of 2 to 16 bits, and sequential coding of 12.
 *
 * Of the packages that claim lossless JPEG, `jpeg-lossless-decoder-js` loses the last pixel of some files (seen in one of
 * twelve against dcmtk), `@cornerstonejs/codec-libjpeg-turbo-8bit` reads 8 bits only; none reads 12-bit sequential coding.
 */
import { damaged, unsupported } from '../../refusal.js';

interface Component {
  readonly id: number;
  readonly quantization: number;
  table: Huffman | undefined;
  acTable: Huffman | undefined;
}

interface FrameHeader {
  readonly isLossless: boolean;
  readonly precision: number;
  readonly height: number;
  readonly width: number;
  readonly components: readonly Component[];
}

interface Scan {
  readonly components: readonly number[];
  /** Of lossless coding: which neighbors predict a sample, 1 to 7. */
  readonly predictor: number;
  /** Of lossless coding: by how many bits samples were shifted down. */
  readonly shift: number;
}

/**
 * Decodes a JPEG of process 14 (lossless) or, with 12 bits, of process 4 (extended sequential); samples of a pixel side by
 * side.
 *
 * *Source*: ITU-T T.81, annexes B (markers), C and F (Huffman coding), F.1.4 and A.3.3 (sequential DCT), H (lossless).
 *
 * @throws {Refusal} if it is damaged, cut off, progressive, or its components are of several sizes.
 */
export function decodeDeepJpeg(bytes: Uint8Array): Uint16Array {
  const quantizations: Uint16Array[] = [];
  const tables = new Map<number, Huffman>();
  let restartInterval = 0;
  let frame: FrameHeader | undefined;
  let samples: Uint16Array | undefined;
  const seen = new Set<number>();
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff || bytes[at + 1] === 0xff) {
      at++;
      continue;
    }
    const marker = bytes[at + 1]!;
    if (marker === 0xd9) break;
    if (marker === 0 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2;
      continue;
    }
    const end = at + 2 + 256 * bytes[at + 2]! + bytes[at + 3]!;
    const segment = bytes.subarray(at + 4, end);
    if (end > bytes.length) throw damaged('DICOM', 'its JPEG is cut off');
    at = end;
    if (marker === 0xc4) readTables(segment, tables);
    else if (marker === 0xdb) readQuantizations(segment, quantizations);
    else if (marker === 0xdd) restartInterval = 256 * segment[0]! + segment[1]!;
    else if (marker === 0xc0 || marker === 0xc1 || marker === 0xc3) {
      if (frame !== undefined) throw damaged('DICOM', 'its JPEG has two frame headers');
      frame = frameHeader(segment, marker === 0xc3);
      samples = new Uint16Array(frame.height * frame.width * frame.components.length);
    } else if (marker > 0xc1 && marker <= 0xcf) {
      throw unsupported('DICOM', `JPEG of process ${marker - 0xc0} and more than 8 bits`);
    } else if (marker === 0xda) {
      if (frame === undefined || samples === undefined)
        throw damaged('DICOM', 'its JPEG has no frame header');
      const scan = scanHeader(segment, frame, tables);
      for (const index of scan.components) {
        if (seen.has(index)) throw damaged('DICOM', 'its JPEG codes a component twice');
        seen.add(index);
      }
      const bits = new Bits(bytes, at);
      if (frame.isLossless) decodeLossless(frame, scan, bits, restartInterval, samples);
      else decodeSequential(frame, scan, bits, restartInterval, quantizations, samples);
      at = bits.at;
    }
  }
  if (frame === undefined || samples === undefined || seen.size !== frame.components.length) {
    throw damaged('DICOM', 'its JPEG is cut off');
  }
  return samples;
}

function frameHeader(segment: Uint8Array, isLossless: boolean): FrameHeader {
  const [precision, count] = [segment[0]!, segment[5]!];
  const [height, width] = [256 * segment[1]! + segment[2]!, 256 * segment[3]! + segment[4]!];
  if (segment.length < 6 + 3 * count || count < 1 || height < 1 || width < 1) {
    throw damaged('DICOM', 'its JPEG has no size');
  }
  if (precision < 2 || precision > 16) throw damaged('DICOM', `JPEG of ${precision} bits`);
  const components = Array.from({ length: count }, (_, i) => {
    if (segment[7 + 3 * i] !== 0x11) throw unsupported('DICOM', 'deep JPEG with colors at half the width');
    return {
      id: segment[6 + 3 * i]!,
      quantization: segment[8 + 3 * i]!,
      table: undefined,
      acTable: undefined,
    };
  });
  return { isLossless, precision, height, width, components };
}

function scanHeader(
  segment: Uint8Array,
  { components, precision, isLossless }: FrameHeader,
  tables: Map<number, Huffman>,
): Scan {
  const count = segment[0]!;
  if (count < 1 || count > components.length || segment.length < 4 + 2 * count)
    throw damaged('DICOM', 'its JPEG has a bad scan');
  const indices = Array.from({ length: count }, (_, i) => {
    const index = components.findIndex(({ id }) => id === segment[1 + 2 * i]);
    const component = components[index];
    if (component === undefined) throw damaged('DICOM', 'its JPEG codes a component that it does not have');
    const selectors = segment[2 + 2 * i]!;
    component.table = tables.get(selectors >> 4);
    component.acTable = tables.get(16 + (selectors & 15));
    if (component.table === undefined || (!isLossless && component.acTable === undefined)) {
      throw damaged('DICOM', 'its JPEG lacks a Huffman table');
    }
    return index;
  });
  const [predictor, shift] = [segment[1 + 2 * count]!, segment[3 + 2 * count]! & 15];
  if (isLossless && (predictor < 1 || predictor > 7 || shift >= precision)) {
    throw damaged('DICOM', `predictor ${predictor} in its JPEG`);
  }
  return { components: indices, predictor, shift };
}

/** A Huffman table: codes of one length follow one another. *Source*: ITU-T T.81, annexes C and F.2.2.3. */
interface Huffman {
  /** By the next 8 bits: value and length of a code that short, as length × 256 + value; 0 for longer codes. */
  readonly short: Uint16Array;
  /** Of each length: one more than the largest code; and what a code is lowered by to be an index of `values`. */
  readonly limits: Int32Array;
  readonly offsets: Int32Array;
  readonly values: Uint8Array;
}

function readTables(segment: Uint8Array, tables: Map<number, Huffman>): void {
  for (let at = 0; at + 17 <= segment.length; ) {
    const [selector, counts] = [segment[at]!, segment.subarray(at + 1, at + 17)];
    const total = counts.reduce((sum, count) => sum + count, 0);
    const values = segment.slice(at + 17, at + 17 + total);
    if (values.length < total || total > 256)
      throw damaged('DICOM', 'a Huffman table of its JPEG is cut off');
    tables.set(selector & 0x1f, huffman(counts, values));
    at += 17 + total;
  }
}

function huffman(counts: Uint8Array, values: Uint8Array): Huffman {
  const [short, limits, offsets] = [new Uint16Array(256), new Int32Array(17), new Int32Array(17)];
  let code = 0;
  let index = 0;
  for (let length = 1; length <= 16; length++) {
    const count = counts[length - 1]!;
    if (code + count > 1 << length) throw damaged('DICOM', 'a Huffman table of its JPEG has too many codes');
    offsets[length] = index - code;
    for (let i = 0; i < count && length <= 8; i++) {
      const first = (code + i) << (8 - length);
      short.fill(256 * length + values[index + i]!, first, first + (1 << (8 - length)));
    }
    index += count;
    code += count;
    limits[length] = code;
    code <<= 1;
  }
  return { short, limits, offsets, values };
}

function readQuantizations(segment: Uint8Array, quantizations: Uint16Array[]): void {
  for (let at = 0; at < segment.length; ) {
    const isWide = segment[at]! >> 4 !== 0;
    const edge = isWide ? 2 : 1;
    if (at + 1 + 64 * edge > segment.length)
      throw damaged('DICOM', 'a quantization table of its JPEG is cut off');
    const begin = at + 1;
    quantizations[segment[at]! & 15] = Uint16Array.from({ length: 64 }, (_, i) =>
      isWide ? 256 * segment[begin + 2 * i]! + segment[begin + 2 * i + 1]! : segment[begin + i]!,
    );
    at = begin + 64 * edge;
  }
}

/** The bits of coded samples: zero bytes behind 0xff are left out, a marker ends them. */
class Bits {
  #buffer = 0;
  #count = 0;

  constructor(
    private readonly bytes: Uint8Array,
    public at: number,
  ) {}

  /** Makes at least `count` bits ready, up to 16. */
  #fill(count: number): void {
    while (this.#count < count) {
      const byte = this.bytes[this.at];
      if (byte === undefined) throw damaged('DICOM', 'its JPEG is cut off');
      if (byte === 0xff) {
        if (this.bytes[this.at + 1] !== 0)
          throw damaged('DICOM', 'the coded pixels of its JPEG end too early');
        this.at++;
      }
      this.at++;
      this.#buffer = ((this.#buffer & 0xffffff) << 8) | byte;
      this.#count += 8;
    }
  }

  take(count: number): number {
    if (count === 0) return 0;
    this.#fill(count);
    this.#count -= count;
    return (this.#buffer >>> this.#count) & ((1 << count) - 1);
  }

  decode({ short, limits, offsets, values }: Huffman): number {
    // Near the end there may be fewer bits than a table look-up wants.
    let code = 0;
    if (this.#ready(8)) {
      const found = short[(this.#buffer >>> (this.#count - 8)) & 255]!;
      if (found !== 0) {
        this.#count -= found >> 8;
        return found & 255;
      }
    }
    for (let length = 1; length <= 16; length++) {
      code = (code << 1) | this.take(1);
      if (code < limits[length]!) return values[code + offsets[length]!]!;
    }
    throw damaged('DICOM', 'its JPEG holds a code that its tables lack');
  }

  #ready(count: number): boolean {
    while (this.#count < count) {
      const byte = this.bytes[this.at];
      if (byte === undefined || (byte === 0xff && this.bytes[this.at + 1] !== 0)) return false;
      this.#fill(this.#count + 1);
    }
    return true;
  }

  /** A number of `size` bits, whose first bit is its sign: 1 for plus. *Source*: ITU-T T.81, F.2.2.1. */
  signed(size: number): number {
    if (size === 0) return 0;
    const bits = this.take(size);
    return bits < 2 ** (size - 1) ? bits - 2 ** size + 1 : bits;
  }

  /** Goes on behind a restart marker. */
  restart(): void {
    this.#count = 0;
    const { bytes } = this;
    while (this.at + 1 < bytes.length && bytes[this.at] === 0xff && bytes[this.at + 1] === 0xff) this.at++;
    const marker = bytes[this.at + 1] ?? 0;
    if (bytes[this.at] !== 0xff || marker < 0xd0 || marker > 0xd7)
      throw damaged('DICOM', 'its JPEG lacks a restart marker');
    this.at += 2;
  }
}

function decodeLossless(
  frame: FrameHeader,
  scan: Scan,
  bits: Bits,
  restartInterval: number,
  samples: Uint16Array,
): void {
  const { height, width, precision, components } = frame;
  const { predictor, shift } = scan;
  const all = components.length;
  const row = width * all;
  const first = 2 ** (precision - shift - 1);
  // Restarts come after whole rows; what follows is predicted as the first row is.
  if (restartInterval % width !== 0) throw damaged('DICOM', 'its JPEG restarts within a row');
  let firstRow = 0;
  for (let y = 0; y < height; y++) {
    if (restartInterval > 0 && y > 0 && (y * width) % restartInterval === 0) {
      bits.restart();
      firstRow = y;
    }
    for (let x = 0; x < width; x++) {
      for (const c of scan.components) {
        const at = y * row + x * all + c;
        const size = bits.decode(components[c]!.table!);
        if (size > 16) throw damaged('DICOM', 'a difference of more than 16 bits in its JPEG');
        const difference = size === 16 ? 32768 : bits.signed(size);
        const [left, above, corner] = [samples[at - all]!, samples[at - row]!, samples[at - row - all]!];
        const guess =
          y === firstRow
            ? x === 0
              ? first
              : left
            : x === 0
              ? above
              : predicted(predictor, left, above, corner);
        samples[at] = guess + difference;
      }
    }
  }
  if (shift === 0) return;
  for (const c of scan.components)
    for (let i = c; i < samples.length; i += all) samples[i] = samples[i]! << shift;
}

/** *Source*: ITU-T T.81, table H.1. */
function predicted(predictor: number, left: number, above: number, corner: number): number {
  switch (predictor) {
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return corner;
    case 4:
      return left + above - corner;
    case 5:
      return left + ((above - corner) >> 1);
    case 6:
      return above + ((left - corner) >> 1);
    default:
      return (left + above) >> 1;
  }
}

// biome-ignore format: a square
const zigzag = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/** Cosines of the inverse transform: `basis[8 · u + x]` = c(u) / 2 · cos((2x + 1) u π / 16). */
const basis = Float64Array.from({ length: 64 }, (_, i) => {
  const [u, x] = [i >> 3, i & 7];
  return (u === 0 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * x + 1) * u * Math.PI) / 16);
});

function decodeSequential(
  frame: FrameHeader,
  scan: Scan,
  bits: Bits,
  restartInterval: number,
  quantizations: readonly Uint16Array[],
  samples: Uint16Array,
): void {
  const { height, width, precision, components } = frame;
  const [across, down] = [Math.ceil(width / 8), Math.ceil(height / 8)];
  const all = components.length;
  const [middle, top] = [2 ** (precision - 1), 2 ** precision - 1];
  const before = new Int32Array(all);
  const [block, half] = [new Float64Array(64), new Float64Array(64)];
  for (let unit = 0; unit < across * down; unit++) {
    if (restartInterval > 0 && unit > 0 && unit % restartInterval === 0) {
      bits.restart();
      before.fill(0);
    }
    for (const c of scan.components) {
      const { table, acTable, quantization } = components[c]!;
      const quantizer = quantizations[quantization];
      if (quantizer === undefined) throw damaged('DICOM', 'its JPEG lacks a quantization table');
      block.fill(0);
      before[c]! += bits.signed(bits.decode(table!) & 15);
      block[0] = before[c]! * quantizer[0]!;
      for (let k = 1; k < 64; k++) {
        const code = bits.decode(acTable!);
        const [run, size] = [code >> 4, code & 15];
        if (size === 0 && run !== 15) break;
        k += run;
        if (k > 63) throw damaged('DICOM', 'a block of more than 64 numbers in its JPEG');
        if (size > 0) block[zigzag[k]!] = bits.signed(size) * quantizer[k]!;
      }
      transform(block, half);
      const [left, above] = [8 * (unit % across), 8 * Math.floor(unit / across)];
      for (let y = above; y < Math.min(height, above + 8); y++) {
        for (let x = left; x < Math.min(width, left + 8); x++) {
          const value = Math.round(block[8 * (y - above) + x - left]!) + middle;
          samples[(y * width + x) * all + c] = Math.min(top, Math.max(0, value));
        }
      }
    }
  }
}

/** The inverse cosine transform of a block, in place: first along rows, then along columns. */
function transform(block: Float64Array, half: Float64Array): void {
  for (let v = 0; v < 64; v += 8) {
    for (let x = 0; x < 8; x++) {
      let sum = 0;
      for (let u = 0; u < 8; u++) sum += block[v + u]! * basis[8 * u + x]!;
      half[v + x] = sum;
    }
  }
  for (let x = 0; x < 8; x++) {
    for (let y = 0; y < 8; y++) {
      let sum = 0;
      for (let v = 0; v < 8; v++) sum += half[8 * v + x]! * basis[8 * v + y]!;
      block[8 * y + x] = sum;
    }
  }
}
