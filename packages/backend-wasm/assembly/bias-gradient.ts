import { storeLanes } from './simd';

/** Pixels summed before the sum joins the total: keeps the block in the cache and rounding errors small. */
const BLOCK: i32 = 64;

/**
 * Gradient to a bias: sums dy `[pixels, channels]` over pixels into `out` `[channels]`.
 *
 * `scratch` holds `ceil4(channels)` values. The last lanes read up to 12 bytes past dy, the allocator's own footer.
 */
export function biasGradient(dy: usize, out: usize, scratch: usize, pixels: i32, channels: i32): void {
  const stride = <usize>channels << 2;
  const padded = (channels + 3) & ~3;
  memory.fill(scratch, 0, <usize>padded << 2);
  for (let first = 0; first < pixels; first += BLOCK) {
    const count = min(BLOCK, pixels - first);
    for (let c = 0; c < channels; c += 4) {
      const total = scratch + (<usize>c << 2);
      v128.store(total, f32x4.add(v128.load(total), sumPixels(dy + (<usize>c << 2), stride, count)));
    }
    dy += <usize>count * stride;
  }
  for (let c = 0; c < channels; c += 4) {
    const offset = <usize>c << 2;
    storeLanes(out + offset, v128.load(scratch + offset), channels - c);
  }
}

/** Four neighbouring channels summed over `count` pixels. */
function sumPixels(from: usize, stride: usize, count: i32): v128 {
  let a = f32x4.splat(0), b = a, c = a, d = a;
  for (; count >= 4; count -= 4) {
    a = f32x4.add(a, v128.load(from));
    b = f32x4.add(b, v128.load(from + stride));
    c = f32x4.add(c, v128.load(from + 2 * stride));
    d = f32x4.add(d, v128.load(from + 3 * stride));
    from += 4 * stride;
  }
  for (; count > 0; count--) {
    a = f32x4.add(a, v128.load(from));
    from += stride;
  }
  return f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
}
