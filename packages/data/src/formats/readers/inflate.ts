import { Gunzip, Inflate, Unzlib } from 'fflate';
import { damaged } from '../refusal.js';

const largestSlice = 1 << 14;
const patience = 1 << 17;
const mostTrailing = 1 << 16;
const mostExpansion = 1040;

/**
 * The first `length` bytes that a zlib stream holds.
 *
 * Deflate can expand a thousandfold. The stream is fed in slices and stops at the expected length, or when 128 KiB in
 * a row bring nothing, so a small hostile file can fill neither memory nor time.
 *
 * @throws {Refusal} if the stream holds less, or goes on for more than 64 KiB behind the expected length.
 */
export function inflate(format: string, stream: Uint8Array, length: number): Uint8Array {
  if (stream.length * mostExpansion < length) throw damaged(format, 'it is too short for its size in pixels');
  const { result, filled, read } = fill(Unzlib, stream, length);
  if (filled < length) throw damaged(format, `${filled} of ${length} bytes of its pixels are there`);
  if (stream.length - read > mostTrailing) throw damaged(format, 'it holds more data than its size allows');
  return result;
}

/**
 * Up to `length` bytes from the beginning of what a gzip stream holds, with the same care; fewer where the stream ends
 * before.
 */
export function gunzip(stream: Uint8Array, length: number): Uint8Array {
  const { result, filled } = fill(Gunzip, stream, Math.min(length, stream.length * mostExpansion));
  return result.subarray(0, filled);
}

/** The same of a stream without any header. */
export function inflateRaw(stream: Uint8Array, length: number): Uint8Array {
  const { result, filled } = fill(Inflate, stream, Math.min(length, stream.length * mostExpansion));
  return result.subarray(0, filled);
}

function fill(
  Inflator: typeof Unzlib | typeof Gunzip | typeof Inflate,
  stream: Uint8Array,
  length: number,
): { result: Uint8Array; filled: number; read: number } {
  const result = new Uint8Array(length);
  let filled = 0;
  let silent = 0;
  // A slice is inflated whole: little is wanted, little is pushed.
  const slice = Math.max(1 << 9, Math.min(largestSlice, length));
  const inflator = new Inflator((chunk: Uint8Array) => {
    result.set(chunk.subarray(0, length - filled), filled);
    filled = Math.min(length, filled + chunk.length);
    silent = chunk.length > 0 ? 0 : silent + slice;
  });
  let read = 0;
  for (; read < stream.length && filled < length && silent < patience; read += slice) {
    inflator.push(stream.subarray(read, read + slice));
  }
  return { result, filled, read };
}
