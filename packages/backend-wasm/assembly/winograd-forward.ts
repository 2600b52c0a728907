import { columnsOfBlock, products16 } from './products-wide';
import { joinBand } from './join-forward';
import { biasLanes, madd } from './simd';
import { bandRowBytes, ceil4, ceil8, emptyBand } from './winograd-band';
import { finishLine, finishLine6, outputLine, outputLine6 } from './winograd-lines';
import { finishLine6Pair, finishLinePair, outputLine6Pair, outputLinePair } from './winograd-pairs';
import { transformInputBlock } from './winograd-tiles';
import { ConvArgs, LINES_BYTES, SKEW } from './layout';

/**
 * Convolution by Winograd's F(4×4, 3×3) or F(6×6, 3×3), as `args.tile` says, with bias and leaky rectifier: one block of `args.blockTiles` tiles.
 *
 * The block is transformed, multiplied and transformed back while it lies in the cache. `args.w` is a transformed kernel
 * (`winogradKernel`). In three dimensions the slices that a kernel spans count as further input channels.
 *
 * Scratch per worker: transformed inputs `[points][tiles][kernelDepth * ceil4(in)]`, products `[points][tiles][ceil8(out)]`, each
 * point, of 36 or 64, `SKEW` bytes apart; `LINES_BYTES`; a band of 6 or 8 rows of max(in, out) channels.
 */
export function winogradForward(args: ConvArgs, block: i32, worker: i32): void {
  const tile = args.tile, points = (tile + 2) * (tile + 2), tiles = args.endTile, blockTiles = args.blockTiles;
  const rowLength = args.kernelDepth * ceil4(args.inChannels), outPadded = ceil8(args.outChannels);
  const inputStride = (<usize>(blockTiles * rowLength) << 2) + SKEW;
  const productStride = (<usize>(blockTiles * outPadded) << 2) + SKEW;
  const inputs = args.scratch + <usize>worker * args.scratchStride;
  const products = inputs + <usize>points * inputStride;
  const lines = products + <usize>points * productStride;
  const band = lines + LINES_BYTES;
  const across = (args.width + tile - 1) / tile, down = (args.height + tile - 1) / tile;
  const outSliceBytes = <usize>(args.height * args.width * args.outChannels) << 2;
  const first = args.firstTile + block * blockTiles, count = min(blockTiles, tiles - first);
  transformInputBlock(args, first, count, inputs, inputStride, band, lines);
  multiply(inputs, inputStride, args.w, products, productStride, count, rowLength, outPadded, points);
  for (let t = 0; t < count;) {
    const line = (first + t) / across, slice = line / down, column = first + t - line * across;
    const run = min(count - t, across - column);
    const top = (line - slice * down) * tile, from = products + (<usize>(t * outPadded) << 2);
    transformOutputs(args, from, outPadded, productStride, run, band, lines);
    const bandBytes = bandRowBytes(run, ceil4(args.outChannels), tile);
    if (args.join) joinBand(args, slice, top, column * tile, tile * run, band, bandBytes, worker);
    const image = args.y + <usize>slice * outSliceBytes;
    emptyBand(image, args.height, args.width, args.outChannels, top, column * tile, tile, tile * run, band, bandBytes);
    t += run;
  }
}

/** For each point, tiles by input channels times input channels by output channels. */
function multiply(
  inputs: usize, inputStride: usize, weights: usize, products: usize, productStride: usize,
  count: i32, rowLength: i32, outPadded: i32, points: i32,
): void {
  const rowBytes = <usize>rowLength << 2, outBytes = <usize>outPadded << 2;
  for (let p = 0; p < points; p++) {
    for (let o = 0; o < outPadded;) {
      const columns = columnsOfBlock(outPadded - o), out = products + (<usize>o << 2);
      if (columns == 16) products16(inputs, rowBytes, weights, out, outBytes, rowLength, count);
      else {
        for (let t: usize = 0; t < <usize>count; t += 4) {
          product4x8(inputs + t * rowBytes, rowBytes, weights, out + t * outBytes, outBytes, rowLength);
        }
      }
      weights += (<usize>rowLength << 2) * <usize>columns;
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
