import {
  Z_BUF_ERROR,
  Z_NEED_DICT,
  Z_NO_FLUSH,
  Z_OK,
  Z_STREAM_END,
  ZStream,
  zlibInflate,
  zlibInflateInit2,
  zlibInflateReset,
} from 'pako';
import { damaged } from '../refusal.js';

/** What surrounds a deflate stream, as zlib counts the bits of its window. */
const windowBits = { zlib: 15, gzip: 31, raw: -15 } as const;

/** Deflate expands no byte to more. */
const mostExpansion = 1032;

/** What a stream may hold behind the bytes that are wanted: writers fill their last strip or block. */
const mostSurplus = 1 << 20;

/** What is read to be left out goes here. */
const scratch = new Uint8Array(1 << 16);

/**
 * The `length` bytes that a zlib stream holds, its Adler-32 checked.
 *
 * @throws {Refusal} if the stream holds less, is damaged, or goes on for more than 1 MiB behind the expected length.
 */
export function inflate(format: string, stream: Uint8Array, length: number): Uint8Array {
  if (stream.length * mostExpansion < length) throw damaged(format, 'it is too short for its size in pixels');
  const inflator = new Inflator(format, stream, 'zlib');
  const result = new Uint8Array(length);
  const filled = inflator.read(result);
  if (filled < length) throw damaged(format, `${filled} of ${length} bytes of its pixels are there`);
  inflator.finish(mostSurplus);
  return result;
}

/**
 * The bytes from `begin` to `end` of what a gzip stream holds, the stream checked to its end (CRC-32 and length) but never
 * held whole. Bytes behind the stream are ignored, as gzip does.
 *
 * @param most How many bytes the stream may hold in all.
 * @returns Fewer bytes where it ends before.
 * @throws {Refusal} if the stream is damaged or cut off, or holds more than `most` bytes.
 */
export function gunzip(
  format: string,
  stream: Uint8Array,
  { begin, end, most }: { readonly begin: number; readonly end: number; readonly most: number },
): Uint8Array {
  if (stream.length * mostExpansion < end) throw damaged(format, 'it is too short for its size');
  const inflator = new Inflator(format, stream, 'gzip');
  if (inflator.skip(begin) < begin) return new Uint8Array(0);
  const result = new Uint8Array(end - begin);
  const filled = inflator.read(result);
  inflator.finish(most - end);
  return result.subarray(0, filled);
}

/** The first bytes that a gzip stream holds, `length` of them or fewer: for headers, of files that may be cut off. */
export function gunzipBeginning(format: string, stream: Uint8Array, length: number): Uint8Array {
  // A little at a time, as this is called for the beginning of every file in a folder.
  const result = new Uint8Array(Math.min(length, stream.length * mostExpansion));
  return result.subarray(0, new Inflator(format, stream, 'gzip').read(result, true));
}

/** The same of a stream without header and checksum. */
export function inflateRaw(stream: Uint8Array, length: number): Uint8Array {
  const result = new Uint8Array(Math.min(length, stream.length * mostExpansion));
  return result.subarray(0, new Inflator('deflated', stream, 'raw').read(result, true));
}

/** Reads a compressed stream piece by piece, so that no more is expanded than is asked for. */
class Inflator {
  readonly #stream = new ZStream();
  #isAtEnd = false;

  constructor(
    readonly format: string,
    bytes: Uint8Array,
    readonly wrapper: keyof typeof windowBits,
  ) {
    zlibInflateInit2(this.#stream, windowBits[wrapper]);
    this.#stream.input = bytes;
    this.#stream.avail_in = bytes.length;
  }

  /**
   * Fills an array with the next bytes and returns how many there were.
   *
   * @param mayBeCut Whether the stream may end early, or be damaged behind what can be read of it.
   * @throws {Refusal} if it does, without that.
   */
  read(into: Uint8Array, mayBeCut = false): number {
    const stream = this.#stream;
    stream.output = into as Uint8Array<ArrayBuffer>;
    stream.next_out = 0;
    stream.avail_out = into.length;
    while (!this.#isAtEnd) {
      const status = zlibInflate(stream, Z_NO_FLUSH);
      if (status === Z_STREAM_END) {
        this.#isAtEnd = !this.#startsAnother();
        continue;
      }
      if (stream.avail_out === 0 && (status === Z_OK || status === Z_BUF_ERROR)) break;
      if (status === Z_OK && stream.avail_in > 0) continue;
      if (mayBeCut) break;
      throw damaged(this.format, problemOf(status, stream.msg));
    }
    return stream.next_out;
  }

  /** Reads as many bytes without keeping them, and returns how many there were. */
  skip(length: number): number {
    let skipped = 0;
    while (skipped < length && !this.#isAtEnd) {
      skipped += this.read(scratch.subarray(0, Math.min(scratch.length, length - skipped)));
    }
    return skipped;
  }

  /** Reads to the end, where checksums are compared. @throws {Refusal} if more than so many bytes follow, or fail. */
  finish(most: number): void {
    const surplus = this.skip(most + 1);
    if (surplus > most) throw damaged(this.format, 'it holds more data than its size allows');
  }

  /** Whether another gzip stream follows right behind the one that has ended: several of them count as one. */
  #startsAnother(): boolean {
    const { input, next_in: at } = this.#stream;
    const follows =
      this.wrapper === 'gzip' && input[at] === 0x1f && input[at + 1] === 0x8b && input[at + 2] === 8;
    if (follows) zlibInflateReset(this.#stream);
    return follows;
  }
}

function problemOf(status: number, message: string): string {
  if (status === Z_NEED_DICT) return 'its compressed data need a dictionary';
  if (status === Z_OK || status === Z_BUF_ERROR) return 'its compressed data end early';
  return message === 'incorrect data check' || message === 'incorrect length check'
    ? 'the checksum of its compressed data is wrong'
    : `its compressed data are damaged: ${message || status}`;
}
