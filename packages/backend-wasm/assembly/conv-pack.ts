/**
 * Orders a kernel `[taps, inChannels, outChannels]` for the direct convolution:
 * `[ceil(outChannels / 8)][taps][inChannels][8]`, missing output channels as zeros.
 */
export function packKernel(kernel: usize, packed: usize, taps: i32, inChannels: i32, outChannels: i32): void {
  const rows = taps * inChannels;
  const rowBytes = <usize>outChannels << 2;
  for (let first = 0; first < outChannels; first += 8) {
    const left = outChannels - first;
    let from = kernel + (<usize>first << 2);
    for (let r = 0; r < rows; r++) {
      if (left >= 8) {
        v128.store(packed, v128.load(from));
        v128.store(packed, v128.load(from, 16), 16);
      } else {
        for (let o = 0; o < 8; o++) {
          f32.store(packed + (<usize>o << 2), o < left ? f32.load(from + (<usize>o << 2)) : 0);
        }
      }
      packed += 32;
      from += rowBytes;
    }
  }
}

/**
 * The kernel of the gradient to the input: taps in reverse order, channels exchanged.
 *
 * From `[taps, inChannels, outChannels]` to `[taps, outChannels, inChannels]`; the gradient is then a plain convolution.
 */
export function flipKernel(kernel: usize, flipped: usize, taps: i32, inChannels: i32, outChannels: i32): void {
  const tapBytes = <usize>(inChannels * outChannels) << 2;
  for (let t = 0; t < taps; t++) {
    const from = kernel + <usize>(taps - 1 - t) * tapBytes;
    for (let o = 0; o < outChannels; o++) {
      let source = from + (<usize>o << 2);
      for (let i = 0; i < inChannels; i++) {
        f32.store(flipped, f32.load(source));
        flipped += 4;
        source += <usize>outChannels << 2;
      }
    }
  }
}
