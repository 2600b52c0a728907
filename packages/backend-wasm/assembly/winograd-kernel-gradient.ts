import { ConvArgs } from './conv-args';
import { addPair, madd } from './simd';
import { ceil4, ceil8, LINES_BYTES, POINTS, SKEW, tileCount, transformInput, transformOutputGradient } from './winograd-tiles';

/**
 * Gradient to a 3×3 kernel by Winograd's F(3×3, 4×4), the exact transpose of `winogradForward`: one of `args.slots`
 * partial sums.
 *
 * `args.w` is dy. Each slot sums the products of its share of the tiles into `args.y + slot * bytes`,
 * `[36][kernelDepth * ceil4(in)][ceil8(out)]`, points `SKEW` bytes apart; `winogradKernelBack` adds the slots in order and transforms back.
 *
 * Scratch per worker: inputs `[36][tiles][kernelDepth * ceil4(in)]`, gradients `[36][tiles][ceil8(out)]`, each point `SKEW`
 * bytes apart; `LINES_BYTES`; 36 padded pixels of max(in, out).
 */
export function winogradKernelGradient(args: ConvArgs, slot: i32, worker: i32): void {
  const tiles = tileCount(args), blockTiles = args.blockTiles;
  const blocks = (tiles + blockTiles - 1) / blockTiles;
  const rowLength = args.kernelDepth * ceil4(args.inChannels), outPadded = ceil8(args.outChannels);
  const inputStride = (<usize>(blockTiles * rowLength) << 2) + SKEW;
  const gradientStride = (<usize>(blockTiles * outPadded) << 2) + SKEW;
  const inputs = args.scratch + <usize>worker * args.scratchStride;
  const gradients = inputs + <usize>POINTS * inputStride;
  const sumBytes = <usize>POINTS * ((<usize>(rowLength * outPadded) << 2) + SKEW);
  const sums = args.y + <usize>slot * sumBytes;
  memory.fill(sums, 0, sumBytes);
  const lastBlock = <i32>(<i64>blocks * (slot + 1) / args.slots);
  for (let block = <i32>(<i64>blocks * slot / args.slots); block < lastBlock; block++) {
    const first = block * blockTiles, count = min(blockTiles, tiles - first);
    transformBlock(args, first, count, inputs, inputStride, gradients, gradientStride);
    multiplyTransposed(inputs, inputStride, gradients, gradientStride, sums, count, rowLength, outPadded);
  }
}

/** Transforms the inputs and the output gradients of `count` tiles. */
function transformBlock(
  args: ConvArgs, first: i32, count: i32, inputs: usize, inputStride: usize, gradients: usize, gradientStride: usize,
): void {
  const padded = ceil4(args.inChannels), rowLength = args.kernelDepth * padded, outPadded = ceil8(args.outChannels);
  const lines = gradients + <usize>POINTS * gradientStride, patch = lines + LINES_BYTES;
  const across = (args.width + 3) >> 2, down = (args.height + 3) >> 2;
  const height = args.height, width = args.width;
  const pixels = <usize>(height * width);
  for (let t = 0; t < count; t++) {
    const line = (first + t) / across, slice = line / down;
    const left = (first + t - line * across) << 2, top = (line - slice * down) << 2;
    const layer = slice % args.depth - (args.kernelDepth >> 1);
    for (let d = 0; d < args.kernelDepth; d++) {
      const to = inputs + (<usize>(t * rowLength + d * padded) << 2);
      if (<u32>(layer + d) < <u32>args.depth) {
        const image = args.x + ((<usize>(slice + d - (args.kernelDepth >> 1)) * pixels * <usize>args.inChannels) << 2);
        transformInput(image, height, width, args.inChannels, top, left, patch, lines, to, inputStride);
      } else {
        for (let p: usize = 0; p < <usize>POINTS; p++) memory.fill(to + p * inputStride, 0, <usize>padded << 2);
      }
    }
    const dy = args.w + ((<usize>slice * pixels * <usize>args.outChannels) << 2);
    const row = gradients + (<usize>(t * outPadded) << 2);
    transformOutputGradient(dy, height, width, args.outChannels, top, left, patch, lines, row, gradientStride);
  }
}

/** For each point, adds input channels by tiles times tiles by output channels. */
function multiplyTransposed(
  inputs: usize, inputStride: usize, gradients: usize, gradientStride: usize, sums: usize,
  count: i32, rowLength: i32, outPadded: i32,
): void {
  const rowBytes = <usize>rowLength << 2, outBytes = <usize>outPadded << 2;
  for (let p = 0; p < POINTS; p++) {
    for (let i = 0; i < rowLength; i += 4) {
      for (let o = 0; o < outPadded; o += 8) {
        accumulate4x8(inputs + (<usize>i << 2), rowBytes, gradients + (<usize>o << 2), outBytes,
          sums + (<usize>(i * outPadded + o) << 2), count);
      }
    }
    inputs += inputStride;
    gradients += gradientStride;
    sums += (<usize>(rowLength * outPadded) << 2) + SKEW;
  }
}

/** Four input channels by eight output channels, summed over `count` tiles, added to `sum`. */
function accumulate4x8(x: usize, xBytes: usize, dy: usize, dyBytes: usize, sum: usize, count: i32): void {
  let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
  for (let t = 0; t < count; t++) {
    const g0 = v128.load(dy), g1 = v128.load(dy, 16);
    const a = v128.load32_splat(x), b = v128.load32_splat(x, 4), c = v128.load32_splat(x, 8), d = v128.load32_splat(x, 12);
    a0 = madd(a, g0, a0); a1 = madd(a, g1, a1);
    b0 = madd(b, g0, b0); b1 = madd(b, g1, b1);
    c0 = madd(c, g0, c0); c1 = madd(c, g1, c1);
    d0 = madd(d, g0, d0); d1 = madd(d, g1, d1);
    x += xBytes;
    dy += dyBytes;
  }
  addPair(sum, a0, a1);
  addPair(sum + dyBytes, b0, b1);
  addPair(sum + 2 * dyBytes, c0, c1);
  addPair(sum + 3 * dyBytes, d0, d1);
}
