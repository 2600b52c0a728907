import { copyBytes } from './copy-runs';
import { loadLanes, storeLanes } from './simd';
import { SKEW } from './layout';

/** Channels rounded up to whole vectors. */
@inline
export function ceil4(channels: i32): i32 {
  return (channels + 3) & ~3;
}

/** Channels rounded up to whole register blocks. */
@inline
export function ceil8(channels: i32): i32 {
  return (channels + 7) & ~7;
}

/**
 * Bytes of one row of a band, what `tiles` tiles of edge `tile` that lie side by side read: `tile * tiles + 2` pixels of `padded` channels.
 *
 * A band lies between the image and the transforms. So memory is read and written in order and row by row, the borders of
 * the image are zeros, and the transforms know none.
 */
@inline
export function bandRowBytes(tiles: i32, padded: i32, tile: i32): usize {
  return (<usize>((tile * tiles + 2) * padded) << 2) + SKEW;
}

/** Copies `rows` × `columns` pixels into the rows of a band, zeros outside the image and in the padding of channels. */
export function fillBand(
  image: usize, height: i32, width: i32, channels: i32, top: i32, left: i32, rows: i32, columns: i32,
  band: usize, bandBytes: usize,
): void {
  const pixelBytes = <usize>channels << 2, paddedBytes = <usize>ceil4(channels) << 2;
  const first = max(0, -left), last = max(first, min(columns, width - left));
  for (let i = 0; i < rows; i++, band += bandBytes) {
    if (<u32>(top + i) >= <u32>height) {
      memory.fill(band, 0, <usize>columns * paddedBytes);
      continue;
    }
    const from = image + <usize>((top + i) * width + left + first) * pixelBytes;
    let to = band;
    if (first > 0) memory.fill(to, 0, <usize>first * paddedBytes);
    to += <usize>first * paddedBytes;
    if (pixelBytes == paddedBytes) copyBytes(from, to, <usize>(last - first) * pixelBytes);
    else copyPixels(from, to, last - first, channels);
    if (last < columns) memory.fill(band + <usize>last * paddedBytes, 0, <usize>(columns - last) * paddedBytes);
  }
}

/** Copies pixels of `channels` values into rows of `ceil4(channels)`. */
function copyPixels(from: usize, to: usize, count: i32, channels: i32): void {
  for (; count > 0; count--) {
    let c = channels;
    for (; c >= 4; c -= 4, from += 16, to += 16) v128.store(to, v128.load(from));
    v128.store(to, loadLanes(from, c));
    to += 16;
    from += <usize>c << 2;
  }
}

/** Copies the pixels of a band that lie inside the image to where they belong: the reverse of `fillBand`. */
export function emptyBand(
  image: usize, height: i32, width: i32, channels: i32, top: i32, left: i32, rows: i32, columns: i32,
  band: usize, bandBytes: usize,
): void {
  const pixelBytes = <usize>channels << 2, count = min(columns, width - left);
  const isWhole = (channels & 3) == 0;
  const end = min(rows, height - top);
  let to = image + <usize>(top * width + left) * pixelBytes;
  for (let i = 0; i < end; i++) {
    if (isWhole) copyBytes(band, to, <usize>count * pixelBytes);
    else dropPadding(band, to, count, channels);
    to += <usize>width * pixelBytes;
    band += bandBytes;
  }
}

/** Copies rows of `ceil4(channels)` into pixels of `channels` values. */
function dropPadding(from: usize, to: usize, count: i32, channels: i32): void {
  for (; count > 0; count--) {
    for (let c = channels; c > 0; c -= 4, from += 16) {
      storeLanes(to, v128.load(from), c);
      to += <usize>min(c, 4) << 2;
    }
  }
}
