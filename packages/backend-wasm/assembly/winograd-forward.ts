import { ConvArgs } from './conv-args';
import { biasLanes, leaky, madd, storeLanes } from './simd';
import { finishLine, outputLine } from './winograd-lines';
import { ceil4, ceil8, LINES_BYTES, POINTS, SKEW, tileCount, transformInput } from './winograd-tiles';

/**
 * Convolution by Winograd's F(4×4, 3×3) with bias and leaky rectifier: one block of `args.blockTiles` tiles.
 *
 * The block is transformed, multiplied and transformed back while it lies in the cache. `args.w` is a transformed kernel
 * (`winogradKernel`). In three dimensions the slices that a kernel spans count as further input channels.
 *
 * Scratch per worker: transformed inputs `[36][tiles][kernelDepth * ceil4(in)]`, products `[36][tiles][ceil8(out)]`, each
 * point `SKEW` bytes apart; 36 padded pixels of max(in, out); `LINES_BYTES`.
 */
export function winogradForward(args: ConvArgs, block: i32, worker: i32): void {
  const tiles = tileCount(args), blockTiles = args.blockTiles;
  const padded = ceil4(args.inChannels), rowLength = args.kernelDepth * padded, outPadded = ceil8(args.outChannels);
  const inputStride = (<usize>(blockTiles * rowLength) << 2) + SKEW;
  const productStride = (<usize>(blockTiles * outPadded) << 2) + SKEW;
  const inputs = args.scratch + <usize>worker * args.scratchStride;
  const products = inputs + <usize>POINTS * inputStride;
  const lines = products + <usize>POINTS * productStride;
  const patch = lines + LINES_BYTES;
  const across = (args.width + 3) >> 2, down = (args.height + 3) >> 2;
  const sliceBytes = <usize>(args.height * args.width * args.inChannels) << 2;
  const outSliceBytes = <usize>(args.height * args.width * args.outChannels) << 2;
  const first = block * blockTiles, count = min(blockTiles, tiles - first);
  for (let t = 0; t < count; t++) {
    const line = (first + t) / across, slice = line / down;
    const left = (first + t - line * across) << 2, top = (line - slice * down) << 2;
    const layer = slice % args.depth - (args.kernelDepth >> 1);
    for (let d = 0; d < args.kernelDepth; d++) {
      const to = inputs + (<usize>(t * rowLength + d * padded) << 2);
      if (<u32>(layer + d) < <u32>args.depth) {
        const image = args.x + <usize>(slice + d - (args.kernelDepth >> 1)) * sliceBytes;
        transformInput(image, args.height, args.width, args.inChannels, top, left, patch, lines, to, inputStride);
      } else {
        for (let p: usize = 0; p < <usize>POINTS; p++) memory.fill(to + p * inputStride, 0, <usize>padded << 2);
      }
    }
  }
  multiply(inputs, inputStride, args.w, products, productStride, count, rowLength, outPadded);
  for (let t = 0; t < count; t++) {
    const line = (first + t) / across, slice = line / down;
    const left = (first + t - line * across) << 2, top = (line - slice * down) << 2;
    const image = args.y + <usize>slice * outSliceBytes;
    transformOutput(args, products + (<usize>(t * outPadded) << 2), productStride, image, top, left, lines);
  }
}

/** For each point, tiles by input channels times input channels by output channels. */
function multiply(
  inputs: usize, inputStride: usize, weights: usize, products: usize, productStride: usize,
  count: i32, rowLength: i32, outPadded: i32,
): void {
  const rowBytes = <usize>rowLength << 2, outBytes = <usize>outPadded << 2;
  for (let p = 0; p < POINTS; p++) {
    for (let o = 0; o < outPadded; o += 8) {
      for (let t = 0; t < count; t += 4) {
        product4x8(inputs + <usize>t * rowBytes, rowBytes, weights,
          products + <usize>t * outBytes + (<usize>o << 2), outBytes, rowLength);
      }
      weights += <usize>rowLength << 5;
    }
    weights += SKEW;
    inputs += inputStride;
    products += productStride;
  }
}

/** Four tiles by eight output channels. */
function product4x8(pa: usize, rowBytes: usize, weights: usize, out: usize, outBytes: usize, rowLength: i32): void {
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

/** One tile's products to 4 × 4 outputs, of which those inside the image are stored. */
function transformOutput(
  args: ConvArgs, products: usize, productStride: usize, image: usize, top: i32, left: i32, lines: usize,
): void {
  const channels = args.outChannels;
  const slope = f32x4.splat(args.slope);
  const pixelBytes = <usize>channels << 2, rowBytes = <usize>args.width * pixelBytes;
  const rows = min(4, args.height - top), columns = min(4, args.width - left);
  let to = image + <usize>top * rowBytes + <usize>left * pixelBytes;
  let bias = args.bias;
  for (let c = 0; c < channels; c += 4) {
    for (let j: usize = 0; j < 6; j++) outputLine(products + j * productStride, 6 * productStride, lines + (j << 4), 96);
    const start = biasLanes(bias, channels - c);
    if (columns == 4 && channels - c >= 4) {
      for (let i = 0; i < rows; i++) {
        finishLine(lines + <usize>i * 96, to + <usize>i * rowBytes, pixelBytes, start, slope);
      }
    } else {
      for (let i: usize = 0; i < 4; i++) outputLine(lines + i * 96, 16, lines + i * 96, 16);
      for (let i = 0; i < rows; i++) {
        let out = to + <usize>i * rowBytes;
        for (let j = 0; j < columns; j++) {
          const value = f32x4.add(v128.load(lines + <usize>(i * 96 + (j << 4))), start);
          storeLanes(out, leaky(value, slope), channels - c);
          out += pixelBytes;
        }
      }
    }
    products += 16;
    to += 16;
    if (bias) bias += 16;
  }
}
