import { columnsOfBlock, products16 } from './products-wide';
import { joinBand } from './join-forward';
import { biasLanes, madd } from './simd';
import { bandRowBytes, ceil4, ceil8, emptyBand } from './winograd-band';
import { finishLine, finishLine6, outputLine, outputLine6 } from './winograd-lines';
import { finishLine6Pair, finishLinePair, outputLine6Pair, outputLinePair } from './winograd-pairs';
import { forBlock, transformInputBlock } from './winograd-tiles';
import { ConvArgs, LINES_BYTES, SKEW } from './layout';

/**
 * Convolution by Winograd's F(4×4, 3×3) or F(6×6, 3×3), as `args.tile` says, with bias and leaky rectifier: one block of `args.blockTiles` tiles
 * or, of volumes, of these in `args.blockSlices` slices.
 *
 * The block is transformed, multiplied and transformed back while it lies in the cache. `args.w` is a transformed kernel
 * (`winogradKernel`). In three dimensions the slices that a kernel spans count as further input channels; those of a block share what
 * is transformed of the slices that several of them read.
 *
 * Scratch per worker: transformed inputs `[points][tiles][slices + kernelDepth - 1][ceil4(in)]`, products `[points][slices][tiles][ceil8(out)]`,
 * each point, of 36 or 64, `SKEW` bytes apart; `LINES_BYTES`; a band of 6 or 8 rows of max(in, out) channels.
 */
export function winogradForward(args: ConvArgs, block: i32, worker: i32): void {
  forBlock(args, block, worker, 0, convolveTiles);
}

/** `count` tiles from tile `first` on, and those behind them in `slices` slices. */
function convolveTiles(args: ConvArgs, first: i32, count: i32, slices: i32, worker: i32, _: i32): void {
  const tile = args.tile, points = (tile + 2) * (tile + 2), blockTiles = args.blockTiles;
  const padded = ceil4(args.inChannels), outPadded = ceil8(args.outChannels), read = args.kernelDepth + slices - 1;
  const inputStride = (<usize>(blockTiles * read * padded) << 2) + SKEW;
  const productStride = (<usize>(blockTiles * slices * outPadded) << 2) + SKEW;
  const inputs = args.scratch + <usize>worker * args.scratchStride;
  const products = inputs + <usize>points * inputStride;
  const lines = products + <usize>points * productStride;
  const band = lines + LINES_BYTES;
  const across = (args.width + tile - 1) / tile, down = (args.height + tile - 1) / tile;
  const outSliceBytes = <usize>(args.height * args.width * args.outChannels) << 2;
  transformInputBlock(args, first, count, read, inputs, inputStride, band, lines);
  multiply(args, inputs, inputStride, products, productStride, count, slices, points);
  for (let z = 0; z < slices; z++) {
    for (let t = 0; t < count;) {
      const line = (first + t) / across, slice = line / down, column = first + t - line * across;
      const run = min(count - t, across - column);
      const top = (line - slice * down) * tile, from = products + (<usize>((z * blockTiles + t) * outPadded) << 2);
      transformOutputs(args, from, outPadded, productStride, run, band, lines);
      const bandBytes = bandRowBytes(run, ceil4(args.outChannels), tile);
      if (args.join) joinBand(args, slice + z, top, column * tile, tile * run, band, bandBytes, worker);
      const image = args.y + <usize>(slice + z) * outSliceBytes;
      emptyBand(image, args.height, args.width, args.outChannels, top, column * tile, tile, tile * run, band, bandBytes);
      t += run;
    }
  }
}

/** For each point, tiles by input channels times input channels by output channels, slice by slice. */
function multiply(
  args: ConvArgs, inputs: usize, inputStride: usize, products: usize, productStride: usize, count: i32, slices: i32, points: i32,
): void {
  const padded = ceil4(args.inChannels), outPadded = ceil8(args.outChannels), length = args.kernelDepth * padded;
  const sliceBytes = <usize>padded << 2, rowBytes = <usize>(args.kernelDepth + slices - 1) * sliceBytes, outBytes = <usize>outPadded << 2;
  let weights = args.w;
  for (let p = 0; p < points; p++) {
    for (let o = 0; o < outPadded;) {
      const columns = columnsOfBlock(outPadded - o);
      for (let z = 0; z < slices; z++) {
        const rows = inputs + <usize>z * sliceBytes, out = products + <usize>(z * args.blockTiles) * outBytes + (<usize>o << 2);
        if (columns == 16) products16(rows, rowBytes, weights, out, outBytes, length, count);
        else {
          for (let t: usize = 0; t < <usize>count; t += 4) {
            product4x8(rows + t * rowBytes, rowBytes, weights, out + t * outBytes, outBytes, length);
          }
        }
      }
      weights += (<usize>length << 2) * <usize>columns;
      o += columns;
    }
    weights += SKEW;
    inputs += inputStride;
    products += productStride;
  }
}

/** Four tiles by eight output channels. */
export function product4x8(pa: usize, rowBytes: usize, weights: usize, out: usize, outBytes: usize, rowLength: i32): void {
  const zero = f32x4.splat(0);
  let a0 = zero, a1 = zero, b0 = zero, b1 = zero, c0 = zero, c1 = zero, d0 = zero, d1 = zero;
  let pb = pa + rowBytes, pc = pb + rowBytes, pd = pc + rowBytes;
  const end = weights + (<usize>rowLength << 5);
  while (weights < end) {
    const w0 = v128.load(weights), w1 = v128.load(weights, 16);
    const a = v128.load32_splat(pa), b = v128.load32_splat(pb), c = v128.load32_splat(pc), d = v128.load32_splat(pd);
    a0 = madd(a, w0, a0); a1 = madd(a, w1, a1);
    b0 = madd(b, w0, b0); b1 = madd(b, w1, b1);
    c0 = madd(c, w0, c0); c1 = madd(c, w1, c1);
    d0 = madd(d, w0, d0); d1 = madd(d, w1, d1);
    pa += 4; pb += 4; pc += 4; pd += 4;
    weights += 32;
  }
  v128.store(out, a0); v128.store(out, a1, 16);
  out += outBytes;
  v128.store(out, b0); v128.store(out, b1, 16);
  out += outBytes;
  v128.store(out, c0); v128.store(out, c1, 16);
  out += outBytes;
  v128.store(out, d0); v128.store(out, d1, 16);
}

/** The products of tiles that lie side by side to their outputs, in `band`; where more is added to them, without bias and rectifier. */
function transformOutputs(
  args: ConvArgs, products: usize, outPadded: i32, productStride: usize, tiles: i32,
  band: usize, lines: usize,
): void {
  const channels = args.outChannels, padded = ceil4(channels);
  const tile = args.tile, slope = f32x4.splat(args.join ? 1 : args.slope), start = lines + 2048;
  const pixelBytes = <usize>padded << 2, bandBytes = bandRowBytes(tiles, padded, tile);
  for (let t = 0; t < tiles; t++) {
    let from = products + (<usize>(t * outPadded) << 2), to = band + <usize>(tile * t) * pixelBytes, bias = args.bias;
    let c = 0;
    for (; WIDE && c + 8 <= padded; c += 8) {
      v128.store(start, biasLanes(bias, channels - c));
      v128.store(start, biasLanes(bias ? bias + 16 : 0, channels - c - 4), 16);
      if (tile == 6) {
        for (let j: usize = 0; j < 8; j++) outputLine6Pair(from + j * productStride, 8 * productStride, lines + j * 192, 32);
        for (let i: usize = 0; i < 6; i++) finishLine6Pair(lines + (i << 5), 192, to + i * bandBytes, pixelBytes, start, slope, slope);
      } else {
        for (let j: usize = 0; j < 6; j++) outputLinePair(from + j * productStride, 6 * productStride, lines + (j << 7), 32);
        for (let i: usize = 0; i < 4; i++) finishLinePair(lines + (i << 5), 128, to + i * bandBytes, pixelBytes, start, slope, slope);
      }
      from += 32;
      to += 32;
      if (bias) bias += 32;
    }
    for (; c < channels; c += 4) {
      v128.store(start, biasLanes(bias, channels - c));
      if (tile == 6) {
        for (let j: usize = 0; j < 8; j++) outputLine6(from + j * productStride, 8 * productStride, lines + (j << 4), 128);
        for (let i: usize = 0; i < 6; i++) finishLine6(lines + i * 128, 16, to + i * bandBytes, pixelBytes, start, slope);
      } else {
        for (let j: usize = 0; j < 6; j++) outputLine(from + j * productStride, 6 * productStride, lines + (j << 4), 96);
        for (let i: usize = 0; i < 4; i++) finishLine(lines + i * 96, 16, to + i * bandBytes, pixelBytes, start, slope);
      }
      from += 16;
      to += 16;
      if (bias) bias += 16;
    }
  }
}
