import { damaged } from '../../refusal.js';

/** A Huffman table: codes of one length follow one another. *Source*: ITU-T T.81, annexes C and F.2.2.3. */
export interface Huffman {
  /** By the next 8 bits: value and length of a code that short, as length × 256 + value; 0 for longer codes. */
  readonly short: Uint16Array;
  /** Of each length: one more than the largest code; and what a code is lowered by to be an index of `values`. */
  readonly limits: Int32Array;
  readonly offsets: Int32Array;
  readonly values: Uint8Array;
}

/** Reads the tables of one segment into `tables`, by class (16 for AC) and number. @throws {Refusal} if one is cut off. */
export function readTables(segment: Uint8Array, tables: Map<number, Huffman>, format: string): void {
  for (let at = 0; at + 17 <= segment.length; ) {
    const [selector, counts] = [segment[at]!, segment.subarray(at + 1, at + 17)];
    const total = counts.reduce((sum, count) => sum + count, 0);
    const values = segment.slice(at + 17, at + 17 + total);
    if (values.length < total || total > 256) throw damaged(format, 'a Huffman table of its JPEG is cut off');
    tables.set(selector & 0x1f, huffman(counts, values, format));
    at += 17 + total;
  }
}

function huffman(counts: Uint8Array, values: Uint8Array, format: string): Huffman {
  const [short, limits, offsets] = [new Uint16Array(256), new Int32Array(17), new Int32Array(17)];
  let code = 0;
  let index = 0;
  for (let length = 1; length <= 16; length++) {
    const count = counts[length - 1]!;
    if (code + count > 1 << length) throw damaged(format, 'a Huffman table of its JPEG has too many codes');
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

/** The bits of coded samples: zero bytes behind 0xff are left out, a marker ends them. */
export class Bits {
  #buffer = 0;
  #count = 0;

  constructor(
    private readonly bytes: Uint8Array,
    /** Of the next byte that is not taken yet. */
    public at: number,
    private readonly format: string,
  ) {}

  /** Makes at least `count` bits ready, up to 16. */
  #fill(count: number): void {
    while (this.#count < count) {
      const byte = this.bytes[this.at];
      if (byte === undefined) throw damaged(this.format, 'its JPEG is cut off');
      if (byte === 0xff) {
        if (this.bytes[this.at + 1] !== 0)
          throw damaged(this.format, 'the coded pixels of its JPEG end too early');
        this.at++;
      }
      this.at++;
      this.#buffer = ((this.#buffer & 0xffffff) << 8) | byte;
      this.#count += 8;
    }
  }

  /** An unsigned number of up to 16 bits. */
  take(count: number): number {
    if (count === 0) return 0;
    this.#fill(count);
    this.#count -= count;
    return (this.#buffer >>> this.#count) & ((1 << count) - 1);
  }

  /** The value of the next code. */
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
    throw damaged(this.format, 'its JPEG holds a code that its tables lack');
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
      throw damaged(this.format, 'its JPEG lacks a restart marker');
    this.at += 2;
  }
}
