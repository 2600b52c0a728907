import { loadLanes, madd, storeLanes } from './simd';

/** Below it `exp` is taken to be 0: the smallest normal float32. */
const LOWEST: f32 = -87.33654;

/**
 * `exp` of four values that are at most 0; NaN stays NaN. Relative error below 2e-7.
 *
 * `exp(x) = 2^n exp(r)`, `r = x - n ln 2` in two parts, and a polynomial in r (Cephes, `expf`).
 */
@inline
export function exp4(x: v128): v128 {
  const bounded = f32x4.max(x, f32x4.splat(LOWEST));
  const n = f32x4.nearest(f32x4.mul(bounded, f32x4.splat(1.44269504)));
  const r = madd(n, f32x4.splat(2.12194440e-4), madd(n, f32x4.splat(-0.693359375), bounded));
  let y = madd(f32x4.splat(1.9875691500e-4), r, f32x4.splat(1.3981999507e-3));
  y = madd(y, r, f32x4.splat(8.3334519073e-3));
  y = madd(y, r, f32x4.splat(4.1665795894e-2));
  y = madd(y, r, f32x4.splat(1.6666665459e-1));
  y = madd(y, r, f32x4.splat(5.0000001201e-1));
  y = f32x4.add(madd(y, f32x4.mul(r, r), r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return v128.andnot(f32x4.mul(y, power), f32x4.lt(x, f32x4.splat(LOWEST)));
}

/** `out = exp(out)` for `count` values that are at most 0. */
export function expInPlace(out: usize, count: i32): void {
  for (; count >= 4; count -= 4) {
    v128.store(out, exp4(v128.load(out)));
    out += 16;
  }
  if (count > 0) storeLanes(out, exp4(loadLanes(out, count)), count);
}

/** `out = logits - max over labels`, for `pixels` rows of `labels` values. */
export function subtractLargest(logits: usize, out: usize, pixels: i32, labels: i32): void {
  const row = <usize>labels << 2;
  for (; pixels > 0; pixels--) {
    let largest = load<f32>(logits);
    for (let at: usize = 4; at < row; at += 4) largest = max(largest, load<f32>(logits + at));
    for (let at: usize = 0; at < row; at += 4) store<f32>(out + at, load<f32>(logits + at) - largest);
    logits += row;
    out += row;
  }
}

/** Sum of a row, from the first value on. */
@inline
export function sumRow(from: usize, bytes: usize): f32 {
  let sum: f32 = 0;
  for (let at: usize = 0; at < bytes; at += 4) sum += load<f32>(from + at);
  return sum;
}
