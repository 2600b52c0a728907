import { ConvArgs } from './conv-args';
import { inputLine, outputGradientLine } from './winograd-lines';

/** Products per tile: 6 × 6 points. */
export const POINTS: i32 = 36;

/**
 * Added to the distance between neighboring points, so that the 36 streams of a transform do not fall on the same set
 * of the cache.
 */
export const SKEW: usize = 64;

/** Bytes of one tile's intermediate values: 6 × 6 of four channels. */
export const LINES_BYTES: usize = 576;

/** Channels rounded up to whole vectors. */
// @ts-ignore: decorator
@inline
export function ceil4(channels: i32): i32 {
  return (channels + 3) & ~3;
}

/** Channels rounded up to whole register blocks. */
// @ts-ignore: decorator
@inline
export function ceil8(channels: i32): i32 {
  return (channels + 7) & ~7;
}

/** Tiles of 4 × 4 outputs in the whole batch. */
export function tileCount(args: ConvArgs): i32 {
  return args.batch * args.depth * ((args.height + 3) >> 2) * ((args.width + 3) >> 2);
}

/**
 * Transforms the 6 × 6 inputs of one tile of one slice: row `[ceil4(channels)]` at `to` for each point.
 *
 * `image` is the slice's address, `top` and `left` the tile's first output. `patch` holds 36 padded pixels.
 */
export function transformInput(
  image: usize, height: i32, width: i32, channels: i32, top: i32, left: i32,
  patch: usize, lines: usize, to: usize, pointStride: usize,
): void {
  const padded = ceil4(channels);
  let from = image + (<usize>(((top - 1) * width + left - 1) * channels) << 2);
  let rowBytes = <usize>(width * channels) << 2, pixelBytes = <usize>channels << 2;
  if (top < 1 || left < 1 || top + 5 > height || left + 5 > width || padded != channels) {
    copyPatch(image, height, width, channels, top - 1, left - 1, 6, patch);
    from = patch;
    pixelBytes = <usize>padded << 2;
    rowBytes = 6 * pixelBytes;
  }
  for (let c = 0; c < padded; c += 4) {
    for (let j: usize = 0; j < 6; j++) inputLine(from + j * pixelBytes, rowBytes, lines + (j << 4), 96);
    for (let i: usize = 0; i < 6; i++) inputLine(lines + i * 96, 16, to + i * 6 * pointStride, pointStride);
    from += 16;
    to += 16;
  }
}

/** Transforms the 4 × 4 output gradients of one tile, as `transformInput` does the inputs. */
export function transformOutputGradient(
  image: usize, height: i32, width: i32, channels: i32, top: i32, left: i32,
  patch: usize, lines: usize, to: usize, pointStride: usize,
): void {
  const padded = ceil4(channels);
  let from = image + (<usize>((top * width + left) * channels) << 2);
  let rowBytes = <usize>(width * channels) << 2, pixelBytes = <usize>channels << 2;
  if (top + 4 > height || left + 4 > width || padded != channels) {
    copyPatch(image, height, width, channels, top, left, 4, patch);
    from = patch;
    pixelBytes = <usize>padded << 2;
    rowBytes = 4 * pixelBytes;
  }
  for (let c = 0; c < padded; c += 4) {
    for (let j: usize = 0; j < 4; j++) outputGradientLine(from + j * pixelBytes, rowBytes, lines + (j << 4), 96);
    for (let i: usize = 0; i < 6; i++) outputGradientLine(lines + i * 96, 16, to + i * 6 * pointStride, pointStride);
    from += 16;
    to += 16;
  }
}

/** Copies `edge` × `edge` pixels into rows of `ceil4(channels)`, zeros outside the image and in the padding. */
function copyPatch(
  image: usize, height: i32, width: i32, channels: i32, top: i32, left: i32, edge: i32, patch: usize,
): void {
  const pixelBytes = <usize>channels << 2, paddedBytes = <usize>ceil4(channels) << 2;
  memory.fill(patch, 0, <usize>(edge * edge) * paddedBytes);
  const firstColumn = max(0, -left), lastColumn = min(edge, width - left);
  const lastRow = min(edge, height - top);
  for (let i = max(0, -top); i < lastRow; i++) {
    const row = image + <usize>((top + i) * width + left) * pixelBytes;
    const to = patch + <usize>(i * edge) * paddedBytes;
    for (let j = firstColumn; j < lastColumn; j++) {
      const pixel = row + <usize>j * pixelBytes, cell = to + <usize>j * paddedBytes;
      let c: usize = 0;
      for (; c + 16 <= pixelBytes; c += 16) v128.store(cell + c, v128.load(pixel + c));
      for (; c < pixelBytes; c += 4) f32.store(cell + c, f32.load(pixel + c));
    }
  }
}
