import { columnsOfBlock } from './products-wide';
import { gatherLanes, storeLanes } from './simd';
import { ceil4, ceil8 } from './winograd-band';
import { kernelGradientLine, kernelLine, kernelLine6 } from './winograd-lines';
import { BACK_GRAIN, ConvArgs, POINTS, SKEW } from './layout';

/**
 * Transforms a kernel for `winogradForward`: `[36][ceil8(out) / 8][depth * ceil4(in)][8]` for a `tile` of 4,
 * 64 points for one of 6; zeros in the padding, each point `SKEW` bytes apart. `lines` holds `LINES_BYTES`.
 *
 * From `[depth, 3, 3, inChannels, outChannels]`; with `isGradient` from the kernel of the forward convolution,
 * `[depth, 3, 3, outChannels, inChannels]`, reversing the taps and exchanging the channels.
 */
export function winogradKernel(
  kernel: usize, transformed: usize, lines: usize, depth: i32, inChannels: i32, outChannels: i32, isGradient: bool, tile: i32,
): void {
  const inPadded = ceil4(inChannels), outPadded = ceil8(outChannels);
  const rowLength = depth * inPadded;
  const pointStride = (<usize>(outPadded * rowLength) << 2) + SKEW;
  if (inPadded != inChannels || outPadded != outChannels) memory.fill(transformed, 0, <usize>((tile + 2) * (tile + 2)) * pointStride);
  const tapBytes = <usize>(inChannels * outChannels) << 2;
  const inBytes: usize = isGradient ? 4 : <usize>outChannels << 2;
  const outBytes: usize = isGradient ? <usize>inChannels << 2 : 4;
  const taps = lines + 2048;
  for (let d = 0; d < depth; d++) {
    const first = kernel + <usize>(9 * (isGradient ? depth - 1 - d : d)) * tapBytes;
    for (let o = 0; o < outChannels; o += 4) {
      const count = outChannels - o;
      const start = o & (WIDE ? ~15 : ~7), columns = columnsOfBlock(outPadded - start);
      const block = transformed + (<usize>(start * rowLength) << 2);
      for (let i = 0; i < inChannels; i++) {
        let from = first + <usize>i * inBytes + <usize>o * outBytes;
        for (let t: usize = 0; t < 9; t++) {
          v128.store(taps + ((isGradient ? 8 - t : t) << 4), gatherLanes(from, outBytes, count));
          from += tapBytes;
        }
        const to = block + (<usize>((d * inPadded + i) * columns + o - start) << 2);
        if (tile == 6) {
          for (let c: usize = 0; c < 3; c++) kernelLine6(taps + (c << 4), 48, lines + (c << 4), 128);
          for (let r: usize = 0; r < 8; r++) kernelLine6(lines + r * 128, 16, to + r * 8 * pointStride, pointStride);
        } else {
          for (let c: usize = 0; c < 3; c++) kernelLine(taps + (c << 4), 48, lines + (c << 4), 96);
          for (let r: usize = 0; r < 6; r++) kernelLine(lines + r * 96, 16, to + r * 6 * pointStride, pointStride);
        }
      }
    }
  }
}

/**
 * Transforms the products summed by `winogradKernelGradient`, `args.slots` partial sums
 * `[36][depth * ceil4(in)][ceil8(out)]` at `args.y` with points `SKEW` bytes apart, to the gradient
 * `[depth, 3, 3, inChannels, outChannels]` at `args.w`: one task's input channels. Scratch per worker: 1152 bytes.
 */
export function winogradKernelBack(args: ConvArgs, task: i32, worker: i32): void {
  const depth = args.kernelDepth, inChannels = args.inChannels, outChannels = args.outChannels, slots = args.slots;
  const inPadded = ceil4(inChannels), outPadded = ceil8(outChannels);
  const pointStride = (<usize>(depth * inPadded * outPadded) << 2) + SKEW;
  const slotBytes = <usize>POINTS * pointStride;
  const tapBytes = <usize>(inChannels * outChannels) << 2;
  const lines = args.scratch + <usize>worker * args.scratchStride, totals = lines + 576;
  const end = min(inChannels, (task + 1) * BACK_GRAIN);
  for (let d = 0; d < depth; d++) {
    for (let i = task * BACK_GRAIN; i < end; i++) {
      for (let o = 0; o < outChannels; o += 4) {
        const from = args.y + (<usize>((d * inPadded + i) * outPadded + o) << 2);
        for (let p: usize = 0; p < <usize>POINTS; p++) {
          let part = from + p * pointStride;
          let total = v128.load(part);
          for (let s = 1; s < slots; s++) {
            part += slotBytes;
            total = f32x4.add(total, v128.load(part));
          }
          v128.store(totals + (p << 4), total);
        }
        for (let c: usize = 0; c < 6; c++) kernelGradientLine(totals + (c << 4), 96, lines + (c << 4), 96);
        for (let r: usize = 0; r < 3; r++) kernelGradientLine(lines + r * 96, 16, lines + r * 96, 16);
        const to = args.w + <usize>(d * 9) * tapBytes + (<usize>(i * outChannels + o) << 2);
        for (let t: usize = 0; t < 9; t++) {
          storeLanes(to + t * tapBytes, v128.load(lines + (t / 3) * 96 + ((t % 3) << 4)), outChannels - o);
        }
      }
    }
  }
}
