import type { VoxelData } from '../volumes/volume.js';

/** What a file says about itself before its pixels are read. */
export interface Header {
  readonly width: number;
  readonly height: number;
  /** Of the image that will come out: 1 (grey) or 3 (RGB). */
  readonly channels: 1 | 3;
  /** How many images the file holds. @default 1 */
  readonly frames?: number;
}

/** Pixels as a file stores them, before scaling to [0, 1]. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  /** How many samples a pixel has in `values`, with alpha. */
  readonly samples: number;
  /** Row-major, samples of a pixel side by side. */
  readonly values: VoxelData;
  /** The sample that stands for full intensity: 2^bits − 1; 1 for floating point and signed integers. */
  readonly full: number;
  /** Where `values` are indices: their colors as red, green, blue in [0, 1]. */
  readonly palette?: Palette;
}

/** Colors by index, each component in [0, 1]. */
export type Palette = ReadonlyArray<readonly [red: number, green: number, blue: number]>;

/** Whether a palette is a list of greys, so that the image has one channel. */
export function isGrey(palette: Palette): boolean {
  return palette.every(([red, green, blue]) => red === green && green === blue);
}

/** Samples of up to 16 bits, packed from the highest bit down, every row starting on a whole byte, one per element. */
export function unpackBits(
  packed: Uint8Array,
  width: number,
  height: number,
  bits: number,
): Uint8Array | Uint16Array {
  const stride = Math.ceil((width * bits) / 8);
  const mask = 2 ** bits - 1;
  const unpacked = bits > 8 ? new Uint16Array(width * height) : new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * bits;
      const at = y * stride + (bit >> 3);
      // A sample may reach over three bytes.
      const three = (packed[at]! << 16) | ((packed[at + 1] ?? 0) << 8) | (packed[at + 2] ?? 0);
      unpacked[y * width + x] = (three >> (24 - bits - (bit & 7))) & mask;
    }
  }
  return unpacked;
}
