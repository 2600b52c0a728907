import { damaged, unsupported } from '../../refusal.js';

const clear = 256;
const end = 257;
const mostCodes = 4096;
/** No string is longer than there are codes, and a code takes 12 bits. */
const mostExpansion = (mostCodes * 8) / 12;

/**
 * The first `length` bytes that an LZW stream holds.
 *
 * @throws {Refusal} if a code is not defined yet or the stream ends early.
 *
 * *Source*: Adobe, "TIFF Revision 6.0" (1992), section 13: codes of 9 to 12 bits from the highest bit down, their width
 * growing one code early.
 */
export function decodeLzw(stream: Uint8Array, length: number): Uint8Array {
  if (stream[0] === 0 && (stream[1]! & 1) === 1) throw unsupported('TIFF', 'LZW of the years before TIFF 6');
  if (stream.length * mostExpansion < length) throw damaged('TIFF', 'it is too short for its size in pixels');
  const result = new Uint8Array(length);
  // The string of a code: that of its prefix, then one more byte.
  const prefix = new Uint16Array(mostCodes);
  const first = Uint8Array.from({ length: mostCodes }, (_, code) => code);
  const last = Uint8Array.from(first);
  const lengths = new Uint16Array(mostCodes).fill(1, 0, 256);

  let [filled, known, width, previous] = [0, end + 1, 9, -1];
  let [at, bits, held] = [0, 0, 0];
  while (filled < length) {
    while (bits < width && at < stream.length) {
      held = ((held << 8) | stream[at++]!) & 0xffffff;
      bits += 8;
    }
    if (bits < width) break;
    bits -= width;
    const code = (held >> bits) & ((1 << width) - 1);
    if (code === end) break;
    if (code === clear) {
      [known, width, previous] = [end + 1, 9, -1];
      continue;
    }
    if (previous !== -1 && known < mostCodes) {
      prefix[known] = previous;
      lengths[known] = lengths[previous]! + 1;
      first[known] = first[previous]!;
      // A code can be used the moment it is defined; its string then ends as it begins.
      last[known] = code === known ? first[previous]! : first[code]!;
      known++;
    }
    if (code >= known) throw damaged('TIFF', `LZW code ${code} is not defined`);
    filled += lengths[code]!;
    for (let c = code, to = filled - 1; to >= filled - lengths[code]!; c = prefix[c]!, to--) {
      if (to < length) result[to] = last[c]!;
    }
    previous = code;
    if (known + 1 >= 1 << width && width < 12) width++;
  }
  if (filled < length) throw damaged('TIFF', `${filled} of ${length} bytes of a strip are there`);
  return result;
}
