import { damaged } from '../refusal.js';

/**
 * The first `length` bytes that a PackBits stream holds: a count n, then n + 1 bytes, or 1 − n copies of one byte.
 *
 * @param format What errors call the file.
 * @throws {Refusal} if the stream ends early.
 *
 * *Source*: Adobe, "TIFF Revision 6.0" (1992), section 9.
 */
export function decodePackBits(stream: Uint8Array, length: number, format: string): Uint8Array {
  if (stream.length * 64 < length) throw damaged(format, 'it is too short for its size in pixels');
  const result = new Uint8Array(length);
  let filled = 0;
  let at = 0;
  while (filled < length && at < stream.length) {
    const count = (stream[at++]! << 24) >> 24;
    if (count === -128) continue;
    if (count >= 0) {
      const run = stream.subarray(at, at + Math.min(count + 1, length - filled));
      result.set(run, filled);
      filled += run.length;
      at += count + 1;
    } else {
      const stop = Math.min(length, filled + 1 - count);
      if (at === stream.length) break;
      result.fill(stream[at++]!, filled, stop);
      filled = stop;
    }
  }
  if (filled < length) throw damaged(format, `${filled} of ${length} bytes of a strip are there`);
  return result;
}
