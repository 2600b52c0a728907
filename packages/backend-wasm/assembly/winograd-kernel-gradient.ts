import { accumulate4x16 } from './products-wide';
import { addPair, madd } from './simd';
import { ceil4, ceil8 } from './winograd-band';
import { blockCount, forBlock, transformInputBlock, transformOutputGradients } from './winograd-tiles';
import { ConvArgs, LINES_BYTES, POINTS, SKEW } from './layout';

/**
 * Gradient to a 3×3 kernel by Winograd's F(3×3, 4×4), the exact transpose of `winogradForward`: one of `args.slots`
 * partial sums.
 *
 * `args.w` is dy. Each slot sums the products of its share of the blocks into `args.y + slot * bytes`,
 * `[36][kernelDepth * ceil4(in)][ceil8(out)]`, points `SKEW` bytes apart; `winogradKernelBack` adds the slots in order and transforms back.
 *
 * Scratch per worker: inputs `[36][tiles][slices + kernelDepth - 1][ceil4(in)]`, gradients `[36][slices][tiles][ceil8(out)]`, each point `SKEW`
 * bytes apart; `LINES_BYTES`; a band of 6 rows of max(in, out) channels.
 */
export function winogradKernelGradient(args: ConvArgs, slot: i32, worker: i32): void {
  memory.fill(args.y + <usize>slot * sumBytes(args), 0, sumBytes(args));
  const blocks = blockCount(args), last = <i32>(<i64>blocks * (slot + 1) / args.slots);
  for (let block = <i32>(<i64>blocks * slot / args.slots); block < last; block++) forBlock(args, block, worker, slot, addTiles);
}

/** Bytes of one slot. */
function sumBytes(args: ConvArgs): usize {
  return <usize>POINTS * ((<usize>(args.kernelDepth * ceil4(args.inChannels) * ceil8(args.outChannels)) << 2) + SKEW);
}

/** Adds the products of `count` tiles from tile `first` on, and those behind them in `slices` slices. */
function addTiles(args: ConvArgs, first: i32, count: i32, slices: i32, worker: i32, slot: i32): void {
  const padded = ceil4(args.inChannels), outPadded = ceil8(args.outChannels), read = args.kernelDepth + slices - 1;
  const inputStride = (<usize>(args.blockTiles * read * padded) << 2) + SKEW;
  const gradientStride = (<usize>(args.blockTiles * slices * outPadded) << 2) + SKEW;
  const inputs = args.scratch + <usize>worker * args.scratchStride;
  const gradients = inputs + <usize>POINTS * inputStride;
  const lines = gradients + <usize>POINTS * gradientStride, band = lines + LINES_BYTES;
  transformInputBlock(args, first, count, read, inputs, inputStride, band, lines);
  for (let z = 0; z < slices; z++) {
    const to = gradients + (<usize>(z * count * outPadded) << 2);
    transformGradientBlock(args, first, count, z, to, gradientStride, band, lines);
  }
  multiplyTransposed(args, inputs, inputStride, gradients, gradientStride, args.y + <usize>slot * sumBytes(args), count, slices);
}

/** Transforms the output gradients of `count` tiles from tile `first` on, `layer` slices further, as `transformInputBlock` does the inputs. */
function transformGradientBlock(
  args: ConvArgs, first: i32, count: i32, layer: i32, gradients: usize, gradientStride: usize, band: usize, lines: usize,
): void {
  const height = args.height, width = args.width, channels = args.outChannels;
  const rowBytes = <usize>ceil8(channels) << 2;
  const across = (width + 3) >> 2, down = (height + 3) >> 2;
  const sliceBytes = <usize>(height * width * channels) << 2;
  for (let t = 0; t < count;) {
    const line = (first + t) / across, slice = line / down, column = first + t - line * across;
    const run = min(count - t, across - column), top = (line - slice * down) << 2;
    const dy = args.w + <usize>(slice + layer) * sliceBytes, to = gradients + <usize>t * rowBytes;
    transformOutputGradients(dy, height, width, channels, top, column << 2, run, band, lines, to, rowBytes, gradientStride);
    t += run;
  }
}

/** For each point, adds input channels by tiles times tiles by output channels, slice by slice. */
function multiplyTransposed(
  args: ConvArgs, inputs: usize, inputStride: usize, gradients: usize, gradientStride: usize, sums: usize, count: i32, slices: i32,
): void {
  const padded = ceil4(args.inChannels), outPadded = ceil8(args.outChannels), length = args.kernelDepth * padded;
  const sliceBytes = <usize>padded << 2, rowBytes = <usize>(args.kernelDepth + slices - 1) * sliceBytes, outBytes = <usize>outPadded << 2;
  for (let p = 0; p < POINTS; p++) {
    for (let z = 0; z < slices; z++) {
      const rows = inputs + <usize>z * sliceBytes, layer = gradients + <usize>(z * count) * outBytes;
      let first = 0;
      for (; WIDE && outPadded - first >= 16; first += 16) {
        for (let i = 0; i < length; i += 4) {
          const sum = sums + (<usize>(i * outPadded + first) << 2);
          accumulate4x16(rows + (<usize>i << 2), rowBytes, layer + (<usize>first << 2), outBytes, sum, outBytes, count);
        }
      }
      for (let i = 0; i < length; i += 4) {
        for (let o = first; o < outPadded; o += 8) {
          accumulate4x8(rows + (<usize>i << 2), rowBytes, layer + (<usize>o << 2), outBytes,
            sums + (<usize>(i * outPadded + o) << 2), count);
        }
      }
    }
    inputs += inputStride;
    gradients += gradientStride;
    sums += (<usize>(length * outPadded) << 2) + SKEW;
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
