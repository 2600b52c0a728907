import type { FrameInfo } from '../codecs.js';

/** A frame that a codec gave. */
export interface DecodedFrame {
  /** The samples of a pixel side by side. */
  readonly words: Uint8Array | Uint16Array | Int16Array;
  /** Bits that a sample has. */
  readonly precision: number;
  /** Whether colors are red, green and blue, whatever the file calls them. */
  readonly isRgb: boolean;
}

/** What a codec gave, as words. */
export function wordsOf(
  bytes: Uint8Array<ArrayBuffer>,
  { bitsPerSample, isSigned = false }: FrameInfo,
): DecodedFrame['words'] {
  if (bitsPerSample <= 8) return bytes;
  // Codecs write in the order of the machine that they run on, which WebAssembly and JavaScript's arrays share.
  return isSigned ? new Int16Array(bytes.buffer) : new Uint16Array(bytes.buffer);
}
