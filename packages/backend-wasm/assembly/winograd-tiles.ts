import { bandRowBytes, ceil4, fillBand } from './winograd-band';
import { inputLine, inputLine6, outputGradientLine } from './winograd-lines';
import { inputLine6Pair, inputLinePair, outputGradientLinePair } from './winograd-pairs';
import { ConvArgs } from './layout';

/** Tiles in the whole batch. */
export function tileCount(args: ConvArgs): i32 {
  const tile = args.tile;
  return args.batch * args.depth * ((args.height + tile - 1) / tile) * ((args.width + tile - 1) / tile);
}

/** Tiles of one slice. */
function sliceTileCount(args: ConvArgs): i32 {
  return tileCount(args) / (args.batch * args.depth);
}

/** Blocks of the tiles from `args.firstTile` to before `args.endTile`. Those in several slices at once are whole slices, of whole volumes or one. */
export function blockCount(args: ConvArgs): i32 {
  const tiles = args.endTile - args.firstTile, blockTiles = args.blockTiles, slices = args.blockSlices;
  if (slices == 1) return (tiles + blockTiles - 1) / blockTiles;
  const sliceTiles = sliceTileCount(args), count = tiles / sliceTiles, span = min(count, args.depth);
  return count / span * ((span + slices - 1) / slices) * ((sliceTiles + blockTiles - 1) / blockTiles);
}

/** Calls `work` for a block: with `count` tiles from tile `first` on, and those behind them in `slices` slices of one image. */
export function forBlock(
  args: ConvArgs, block: i32, worker: i32, slot: i32,
  work: (args: ConvArgs, first: i32, count: i32, slices: i32, worker: i32, slot: i32) => void,
): void {
  const blockTiles = args.blockTiles, slices = args.blockSlices;
  if (slices == 1) {
    const first = args.firstTile + block * blockTiles;
    work(args, first, min(blockTiles, args.endTile - first), 1, worker, slot);
    return;
  }
  const sliceTiles = sliceTileCount(args), blocks = (sliceTiles + blockTiles - 1) / blockTiles;
  const group = block / blocks, start = (block - group * blocks) * blockTiles;
  const span = min((args.endTile - args.firstTile) / sliceTiles, args.depth), groups = (span + slices - 1) / slices;
  const image = group / groups, slice = (group - image * groups) * slices;
  const first = args.firstTile + (image * span + slice) * sliceTiles + start;
  work(args, first, min(blockTiles, sliceTiles - start), min(slices, span - slice), worker, slot);
}

/**
 * Transforms the `tile + 2` squared inputs of tiles that lie side by side: row `[ceil4(channels)]` at `to` for each point of each tile,
 * tiles `rowBytes` apart.
 *
 * `image` is the slice's address, `top` and `left` the first tile's first output. What the tiles read is copied to `band`
 * first, row by row: memory is read in order, and the borders are zeros there.
 */
export function transformInputs(
  image: usize, height: i32, width: i32, channels: i32, top: i32, left: i32, tiles: i32,
  band: usize, lines: usize, to: usize, rowBytes: usize, pointStride: usize, tile: i32,
): void {
  const padded = ceil4(channels), pixelBytes = <usize>padded << 2, bandBytes = bandRowBytes(tiles, padded, tile);
  fillBand(image, height, width, channels, top - 1, left - 1, tile + 2, tile * tiles + 2, band, bandBytes);
  for (let t = 0; t < tiles; t++) {
    let from = band + <usize>(tile * t) * pixelBytes, row = to, c = 0;
    for (; WIDE && c + 8 <= padded; c += 8) {
      if (tile == 6) {
        for (let j: usize = 0; j < 8; j++) inputLine6Pair(from + j * pixelBytes, bandBytes, lines + j * 256, 32);
        for (let i: usize = 0; i < 8; i++) inputLine6Pair(lines + (i << 5), 256, row + i * 8 * pointStride, pointStride);
      } else {
        for (let j: usize = 0; j < 6; j++) inputLinePair(from + j * pixelBytes, bandBytes, lines + j * 192, 32);
        for (let i: usize = 0; i < 6; i++) inputLinePair(lines + (i << 5), 192, row + i * 6 * pointStride, pointStride);
      }
      from += 32;
      row += 32;
    }
    for (; c < padded; c += 4) {
      if (tile == 6) {
        for (let j: usize = 0; j < 8; j++) inputLine6(from + j * pixelBytes, bandBytes, lines + (j << 4), 128);
        for (let i: usize = 0; i < 8; i++) inputLine6(lines + i * 128, 16, row + i * 8 * pointStride, pointStride);
      } else {
        for (let j: usize = 0; j < 6; j++) inputLine(from + j * pixelBytes, bandBytes, lines + (j << 4), 96);
        for (let i: usize = 0; i < 6; i++) inputLine(lines + i * 96, 16, row + i * 6 * pointStride, pointStride);
      }
      from += 16;
      row += 16;
    }
    to += rowBytes;
  }
}

/** Transforms the 4 × 4 output gradients of tiles that lie side by side, as `transformInputs` does the inputs. */
export function transformOutputGradients(
  image: usize, height: i32, width: i32, channels: i32, top: i32, left: i32, tiles: i32,
  band: usize, lines: usize, to: usize, rowBytes: usize, pointStride: usize,
): void {
  const padded = ceil4(channels), pixelBytes = <usize>padded << 2, bandBytes = bandRowBytes(tiles, padded, 4);
  fillBand(image, height, width, channels, top, left, 4, 4 * tiles, band, bandBytes);
  for (let t = 0; t < tiles; t++) {
    let from = band + <usize>(4 * t) * pixelBytes, row = to, c = 0;
    for (; WIDE && c + 8 <= padded; c += 8) {
      for (let j: usize = 0; j < 4; j++) outputGradientLinePair(from + j * pixelBytes, bandBytes, lines + j * 192, 32);
      for (let i: usize = 0; i < 6; i++) outputGradientLinePair(lines + (i << 5), 192, row + i * 6 * pointStride, pointStride);
      from += 32;
      row += 32;
    }
    for (; c < padded; c += 4) {
      for (let j: usize = 0; j < 4; j++) outputGradientLine(from + j * pixelBytes, bandBytes, lines + (j << 4), 96);
      for (let i: usize = 0; i < 6; i++) outputGradientLine(lines + i * 96, 16, row + i * 6 * pointStride, pointStride);
      from += 16;
      row += 16;
    }
    to += rowBytes;
  }
}

/**
 * Transforms the inputs of `count` tiles from tile `first` on in `depth` slices, the first of which the kernel reaches from there,
 * `[points][tiles][depth * ceil4(in)]` at `inputs`, points `inputStride` bytes apart; zeros for slices outside the volume.
 */
export function transformInputBlock(
  args: ConvArgs, first: i32, count: i32, depth: i32, inputs: usize, inputStride: usize, band: usize, lines: usize,
): void {
  const height = args.height, width = args.width, channels = args.inChannels;
  const padded = ceil4(channels), before = args.kernelDepth >> 1;
  const rowBytes = <usize>(depth * padded) << 2;
  const tile = args.tile, points = <usize>((tile + 2) * (tile + 2));
  const across = (width + tile - 1) / tile, down = (height + tile - 1) / tile;
  const sliceBytes = <usize>(height * width * channels) << 2;
  for (let t = 0; t < count;) {
    const line = (first + t) / across, slice = line / down, column = first + t - line * across;
    const run = min(count - t, across - column), top = (line - slice * down) * tile;
    const layer = slice % args.depth - before;
    for (let d = 0; d < depth; d++) {
      const to = inputs + <usize>t * rowBytes + (<usize>(d * padded) << 2);
      if (<u32>(layer + d) < <u32>args.depth) {
        const image = args.x + <usize>(slice + d - before) * sliceBytes;
        transformInputs(image, height, width, channels, top, column * tile, run, band, lines, to, rowBytes, inputStride, tile);
      } else {
        for (let i = 0; i < run; i++) {
          const row = to + <usize>i * rowBytes;
          for (let p: usize = 0; p < points; p++) memory.fill(row + p * inputStride, 0, <usize>padded << 2);
        }
      }
    }
    t += run;
  }
}
