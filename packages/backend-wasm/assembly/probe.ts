import { products16 } from './products-wide';
import { product4x8 } from './winograd-forward';

// The module of `src/native/self-test.ts`: the same product by the kernel of either build.

/** `times` times over: rows `[12][64]` at `x` times `[64][16]` at `weights`, to `[12][16]` at `out`. */
export function wideProduct(x: usize, weights: usize, out: usize, times: i32): void {
  for (; times > 0; times--) products16(x, 256, weights, out, 64, 64, 12);
}

/** The same of weights that are packed as `[2][64][8]`. */
export function narrowProduct(x: usize, weights: usize, out: usize, times: i32): void {
  for (; times > 0; times--) {
    for (let o: usize = 0; o < 2; o++) {
      for (let row: usize = 0; row < 12; row += 4) {
        product4x8(x + (row << 8), 256, weights + (o << 11), out + (row << 6) + (o << 5), 64, 64);
      }
    }
  }
}

export { product4x16 } from './products-wide';
export { product4x8 } from './winograd-forward';
