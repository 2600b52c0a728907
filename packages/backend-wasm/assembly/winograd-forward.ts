import { columnsOfBlock, products16 } from './products-wide';
import { joinBand } from './join-forward';
import { biasLanes, madd } from './simd';
import { bandRowBytes, ceil4, ceil8, emptyBand } from './winograd-band';
import { finishLine, outputLine } from './winograd-lines';
import { finishLinePair, outputLinePair } from './winograd-pairs';
import { transformInputBlock } from './winograd-tiles';
import { ConvArgs, LINES_BYTES, POINTS, SKEW } from './layout';

/**
 * Convolution by Winograd's F(4×4, 3×3) with bias and leaky rectifier: one block of `args.blockTiles` tiles.
 *
 * The block is transformed, multiplied and transformed back while it lies in the cache. `args.w` is a transformed kernel
 * (`winogradKernel`). In three dimensions the slices that a kernel spans count as further input channels.
 *
 * Scratch per worker: transformed inputs `[36][tiles][kernelDepth * ceil4(in)]`, products `[36][tiles][ceil8(out)]`, each
 * point `SKEW` bytes apart; `LINES_BYTES`; a band of 6 rows of max(in, out) channels.
 */
export function winogradForward(args: ConvArgs, block: i32, worker: i32): void {
  const tiles = args.endTile, blockTiles = args.blockTiles;
  const rowLength = args.kernelDepth * ceil4(args.inChannels), outPadded = ceil8(args.outChannels);
  const inputStride = (<usize>(blockTiles * rowLength) << 2) + SKEW;
  const productStride = (<usize>(blockTiles * outPadded) << 2) + SKEW;
  const inputs = args.scratch + <usize>worker * args.scratchStride;
  const products = inputs + <usize>POINTS * inputStride;
  const lines = products + <usize>POINTS * productStride;
  const band = lines + LINES_BYTES;
  const across = (args.width + 3) >> 2, down = (args.height + 3) >> 2;
  const outSliceBytes = <usize>(args.height * args.width * args.outChannels) << 2;
  const first = args.firstTile + block * blockTiles, count = min(blockTiles, tiles - first);
  transformInputBlock(args, first, count, inputs, inputStride, band, lines);
  multiply(inputs, inputStride, args.w, products, productStride, count, rowLength, outPadded);
  for (let t = 0; t < count;) {
    const line = (first + t) / across, slice = line / down, column = first + t - line * across;
    const run = min(count - t, across - column);
    const top = (line - slice * down) << 2, from = products + (<usize>(t * outPadded) << 2);
    transformOutputs(args, from, outPadded, productStride, run, band, lines);
    const bandBytes = bandRowBytes(run, ceil4(args.outChannels));
    if (args.join) joinBand(args, slice, top, column << 2, 4 * run, band, bandBytes, worker);
    const image = args.y + <usize>slice * outSliceBytes;
    emptyBand(image, args.height, args.width, args.outChannels, top, column << 2, 4, 4 * run, band, bandBytes);
    t += run;
  }
}

/** For each point, tiles by input channels times input channels by output channels. */
function multiply(
  inputs: usize, inputStride: usize, weights: usize, products: usize, productStride: usize,
  count: i32, rowLength: i32, outPadded: i32,
): void {
  const rowBytes = <usize>rowLength << 2, outBytes = <usize>outPadded << 2;
  for (let p = 0; p < POINTS; p++) {
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

/** The products of tiles that lie side by side to 4 × 4 outputs each, in `band`; where more is added to them, without bias and rectifier. */
function transformOutputs(
  args: ConvArgs, products: usize, outPadded: i32, productStride: usize, tiles: i32,
  band: usize, lines: usize,
): void {
  const channels = args.outChannels, padded = ceil4(channels);
  const slope = f32x4.splat(args.join ? 1 : args.slope), start = lines + 1024;
  const pixelBytes = <usize>padded << 2, bandBytes = bandRowBytes(tiles, padded);
  for (let t = 0; t < tiles; t++) {
    let from = products + (<usize>(t * outPadded) << 2), to = band + <usize>(4 * t) * pixelBytes, bias = args.bias;
    let c = 0;
    for (; WIDE && c + 8 <= padded; c += 8) {
      for (let j: usize = 0; j < 6; j++) outputLinePair(from + j * productStride, 6 * productStride, lines + (j << 7), 32);
      v128.store(start, biasLanes(bias, channels - c));
      v128.store(start, biasLanes(bias ? bias + 16 : 0, channels - c - 4), 16);
      for (let i: usize = 0; i < 4; i++) finishLinePair(lines + (i << 5), 128, to + i * bandBytes, pixelBytes, start, slope, slope);
      from += 32;
      to += 32;
      if (bias) bias += 32;
    }
    for (; c < channels; c += 4) {
      for (let j: usize = 0; j < 6; j++) outputLine(from + j * productStride, 6 * productStride, lines + (j << 4), 96);
      v128.store(start, biasLanes(bias, channels - c));
      for (let i: usize = 0; i < 4; i++) finishLine(lines + i * 96, 16, to + i * bandBytes, pixelBytes, start, slope);
      from += 16;
      to += 16;
      if (bias) bias += 16;
    }
  }
}
