import type { ConvGeometry } from './geometry.js';
import type { NativeModule } from './module.js';

/** Size of `ConvArgs` of `assembly/conv-args.ts` in bytes. */
export const CONV_ARGS_BYTES = 19 * 4;

/** Where a convolution finds its data; names as in `assembly/conv-args.ts`. */
export interface ConvAddresses {
  readonly x: number;
  readonly w: number;
  readonly bias?: number;
  readonly y: number;
  /** Scratch of all threads, `scratchStride` bytes each. */
  readonly scratch: number;
  readonly scratchStride: number;
  readonly zeros: number;
  /** @default 1 */
  readonly slope?: number;
  /** @default 1 */
  readonly slots?: number;
  /** @default 0 */
  readonly blockTiles?: number;
}

/** Writes `ConvArgs` to `address` and clears the zeros that taps outside the image read. */
export function writeConvArgs(
  native: NativeModule,
  address: number,
  geometry: ConvGeometry,
  at: ConvAddresses,
): void {
  const words = native.words();
  let i = address >>> 2;
  words[i++] = at.x;
  words[i++] = at.w;
  words[i++] = at.bias ?? 0;
  words[i++] = at.y;
  words[i++] = at.scratch;
  words[i++] = at.scratchStride;
  words[i++] = at.zeros;
  words[i++] = geometry.batch;
  words[i++] = geometry.depth;
  words[i++] = geometry.height;
  words[i++] = geometry.width;
  words[i++] = geometry.inChannels;
  words[i++] = geometry.outChannels;
  words[i++] = geometry.kernelDepth;
  words[i++] = geometry.kernelHeight;
  words[i++] = geometry.kernelWidth;
  native.floats()[i++] = at.slope ?? 1;
  words[i++] = at.slots ?? 1;
  words[i] = at.blockTiles ?? 0;
  words.fill(0, at.zeros >>> 2, (at.zeros + zerosBytes(geometry)) >>> 2);
}

/** Bytes of zeros that one pixel outside the image needs. */
export function zerosBytes(geometry: ConvGeometry): number {
  return (geometry.inChannels + 8) * 4;
}
