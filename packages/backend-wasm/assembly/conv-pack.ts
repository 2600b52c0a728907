import { gatherLanes } from './simd';

/**
 * Orders a kernel for the direct convolution: `[ceil(outChannels / 8)][taps][inChannels][8]`, missing output channels as
 * zeros.
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
  for (let first = 0; first < outChannels; first += 8) {
    const left = outChannels - first;
    for (let t = 0; t < taps; t++) {
      let from = kernel + <usize>(isGradient ? taps - 1 - t : t) * tapBytes + <usize>first * outBytes;
      for (let i = 0; i < inChannels; i++) {
        v128.store(packed, gatherLanes(from, outBytes, left));
        v128.store(packed, left > 4 ? gatherLanes(from + 4 * outBytes, outBytes, left - 4) : f32x4.splat(0), 16);
        packed += 32;
        from += inBytes;
      }
    }
  }
}
