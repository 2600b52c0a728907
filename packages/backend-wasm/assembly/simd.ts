/** Small SIMD building blocks; `v128` is four float32 lanes everywhere. */

/**
 * `a * b + c`: in the build with relaxed SIMD in one instruction, which rounds once where the processor has fused
 * multiply-add; in the other build rounded twice everywhere.
 */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

/** `c - a * b`, rounded as in `madd`. */
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_nmadd(a, b, c) : f32x4.sub(c, f32x4.mul(a, b));
}

/** Leaky rectifier of four lanes, slope from 0 to 1: `v` where positive, `slope * v` elsewhere; NaN stays NaN. */
@inline
export function leaky(v: v128, slope: v128): v128 {
  return f32x4.pmax(v, f32x4.mul(v, slope));
}

/** A sum with its bias behind the leaky rectifier: the bias is added last, for it may be much larger than the products. */
@inline
export function biased(sum: v128, bias: v128, slope: v128): v128 {
  return leaky(f32x4.add(sum, bias), slope);
}

/** Stores the first `count` (1 to 4) lanes of `v`. */
@inline
export function storeLanes(address: usize, v: v128, count: i32): void {
  if (count >= 4) {
    v128.store(address, v);
  } else {
    f32.store(address, f32x4.extract_lane(v, 0));
    if (count > 1) f32.store(address, f32x4.extract_lane(v, 1), 4);
    if (count > 2) f32.store(address, f32x4.extract_lane(v, 2), 8);
  }
}

/** The first `count` (1 to 4) values at `address`, zeros after them. */
@inline
export function loadLanes(address: usize, count: i32): v128 {
  if (count >= 4) return v128.load(address);
  let lanes = v128.load32_zero(address);
  if (count > 1) lanes = v128.load_lane<f32>(address, lanes, 1, 4);
  if (count > 2) lanes = v128.load_lane<f32>(address, lanes, 2, 8);
  return lanes;
}

/** Four lanes of the bias, of which only `width` exist; zeros without a bias. */
@inline
export function biasLanes(bias: usize, width: i32): v128 {
  return bias && width > 0 ? loadLanes(bias, width) : f32x4.splat(0);
}

/** Adds eight values to those in memory. */
@inline
export function addPair(sum: usize, low: v128, high: v128): void {
  v128.store(sum, f32x4.add(v128.load(sum), low));
  v128.store(sum, f32x4.add(v128.load(sum, 16), high), 16);
}

/** The first `count` (1 to 4) of four values `stride` bytes apart, zeros after them. */
@inline
export function gatherLanes(address: usize, stride: usize, count: i32): v128 {
  if (stride == 4) return loadLanes(address, count);
  let lanes = v128.load32_zero(address);
  if (count > 1) lanes = v128.load_lane<f32>(address + stride, lanes, 1);
  if (count > 2) lanes = v128.load_lane<f32>(address + 2 * stride, lanes, 2);
  if (count > 3) lanes = v128.load_lane<f32>(address + 3 * stride, lanes, 3);
  return lanes;
}

/** Adds four values to those in memory. */
@inline
export function addLanes(sum: usize, v: v128): void {
  v128.store(sum, f32x4.add(v128.load(sum), v));
}

/** The last two lanes, in place of the first. */
@inline
export function highPair(v: v128): v128 {
  return v128.shuffle<f32>(v, v, 2, 3, 2, 3);
}
