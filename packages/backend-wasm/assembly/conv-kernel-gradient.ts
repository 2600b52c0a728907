import { pixelCount, tapCount } from './conv-size';
import { fillTable } from './conv-table';
import { gather4x16 } from './products-wide';
import { addPair, madd, storeLanes } from './simd';
import { CHUNK, ConvArgs } from './layout';

/**
 * Gradient to the kernel, gathered directly: one of `args.slots` partial sums.
 *
 * `args.w` is dy. Each slot sums its share of the pixels into `args.y + slot * partialBytes`, a block
 * `[taps][ceil4(inChannels)][ceil8(outChannels)]`; `sumSlots` adds the slots in order, so results do not depend on who
 * worked when. Sums run over one chunk of pixels first, which also keeps rounding errors small.
 *
 * The last lanes of a block read up to 28 bytes past a pixel; past the last pixel that is the allocator's own footer.
 */
export function convKernelGradient(args: ConvArgs, slot: i32, worker: i32): void {
  const pixels = pixelCount(args);
  const chunks = (pixels + CHUNK - 1) / CHUNK;
  const table = args.scratch + <usize>worker * args.scratchStride;
  const taps = tapCount(args);
  const inPadded = (args.inChannels + 3) & ~3;
  const outPadded = (args.outChannels + 7) & ~7;
  const partialBytes = <usize>(taps * inPadded * outPadded) << 2;
  const partial = args.y + <usize>slot * partialBytes;
  memory.fill(partial, 0, partialBytes);
  const lastChunk = <i32>(<i64>chunks * (slot + 1) / args.slots);
  for (let chunk = <i32>(<i64>chunks * slot / args.slots); chunk < lastChunk; chunk++) {
    const first = chunk * CHUNK;
    const count = min(CHUNK, pixels - first);
    fillTable(args, table, first, count);
    const dy = args.w + (<usize>(first * args.outChannels) << 2);
    gatherChunk(table, dy, partial, taps, inPadded, args.outChannels, count);
  }
}

/** Adds one chunk's products for every tap and every pair of channel blocks. */
function gatherChunk(
  table: usize, dy: usize, partial: usize, taps: i32, inPadded: i32, outChannels: i32, count: i32,
): void {
  const outPadded = (outChannels + 7) & ~7;
  for (let t = 0; t < taps; t++) {
    let first = 0;
    for (; WIDE && outChannels - first >= 16; first += 16) {
      const gradient = dy + (<usize>first << 2);
      for (let i = 0; i < inPadded; i += 4) {
        const sum = partial + (<usize>(i * outPadded + first) << 2);
        gather4x16(table, <usize>i << 2, gradient, <usize>outChannels << 2, sum, <usize>outPadded << 2, count);
      }
    }
    for (let i = 0; i < inPadded; i += 4) {
      for (let o = first; o < outChannels; o += 8) {
        gather4x8(table, <usize>i << 2, dy + (<usize>o << 2), <usize>outChannels << 2,
          partial + (<usize>(i * outPadded + o) << 2), <usize>outPadded << 2, count);
      }
    }
    table += CHUNK << 2;
    partial += <usize>(inPadded * outPadded) << 2;
  }
}

/** Four input channels by eight output channels, summed over `count` pixels, added to `sum`. */
function gather4x8(
  cells: usize, channelOffset: usize, dy: usize, dyStride: usize, sum: usize, sumStride: usize, count: i32,
): void {
  let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
  const end = cells + (<usize>count << 2);
  while (cells < end) {
    const x = load<usize>(cells) + channelOffset;
    const g0 = v128.load(dy), g1 = v128.load(dy, 16);
    const a = v128.load32_splat(x), b = v128.load32_splat(x, 4), c = v128.load32_splat(x, 8), d = v128.load32_splat(x, 12);
    a0 = madd(a, g0, a0); a1 = madd(a, g1, a1);
    b0 = madd(b, g0, b0); b1 = madd(b, g1, b1);
    c0 = madd(c, g0, c0); c1 = madd(c, g1, c1);
    d0 = madd(d, g0, d0); d1 = madd(d, g1, d1);
    cells += 4;
    dy += dyStride;
  }
  addPair(sum, a0, a1);
  addPair(sum + sumStride, b0, b1);
  addPair(sum + 2 * sumStride, c0, c1);
  addPair(sum + 3 * sumStride, d0, d1);
}

/** Adds the slots of `convKernelGradient` in order and drops the padding: `[taps, inChannels, outChannels]`. */
export function sumSlots(partials: usize, slots: i32, out: usize, taps: i32, inChannels: i32, outChannels: i32): void {
  const inPadded = (inChannels + 3) & ~3;
  const outPadded = (outChannels + 7) & ~7;
  const partialBytes = <usize>(taps * inPadded * outPadded) << 2;
  for (let t = 0; t < taps; t++) {
    for (let i = 0; i < inChannels; i++) {
      const row = partials + (<usize>((t * inPadded + i) * outPadded) << 2);
      for (let o = 0; o < outChannels; o += 4) {
        let from = row + (<usize>o << 2);
        let sum = v128.load(from);
        for (let s = 1; s < slots; s++) {
          from += partialBytes;
          sum = f32x4.add(sum, v128.load(from));
        }
        storeLanes(out + (<usize>o << 2), sum, outChannels - o);
      }
      out += <usize>outChannels << 2;
    }
  }
}
