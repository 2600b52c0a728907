import { columnsOfBlock } from './products-wide';
import { gatherLanes } from './simd';

/**
 * Orders a kernel for the direct convolution: `[ceil(outChannels / 8)][taps][inChannels][8]`, missing output channels as
 * zeros. In the build `wide` two blocks of eight are one of sixteen.
 *
 * From `[taps, inChannels, outChannels]`; with `isGradient` from the kernel of the forward convolution,
 * `[taps, outChannels, inChannels]`, reversing the taps and exchanging the channels, so that the gradient to the input is
 * a plain convolution.
 */
export function packKernel(
  kernel: usize, packed: usize, taps: i32, inChannels: i32, outChannels: i32, isGradient: bool,
): void {
  const tapBytes = <usize>(inChannels * outChannels) << 2;
  const inBytes: usize = isGradient ? 4 : <usize>outChannels << 2;
  const outBytes: usize = isGradient ? <usize>inChannels << 2 : 4;
  for (let first = 0; first < outChannels;) {
    const left = outChannels - first, columns = columnsOfBlock((left + 7) & ~7);
    for (let t = 0; t < taps; t++) {
      let from = kernel + <usize>(isGradient ? taps - 1 - t : t) * tapBytes + <usize>first * outBytes;
      for (let i = 0; i < inChannels; i++) {
        for (let o = 0; o < columns; o += 4) {
          v128.store(packed, left > o ? gatherLanes(from + <usize>o * outBytes, outBytes, left - o) : f32x4.splat(0));
          packed += 16;
        }
        from += inBytes;
      }
    }
    first += columns;
  }
}
