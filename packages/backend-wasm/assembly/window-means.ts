import { highPair, loadLanes, storeLanes } from './simd';
import { WindowArgs } from './layout';

/**
 * Means over the windows of adaptive pooling along one axis: x `[outer, from, inner]` to y `[outer, to, inner]`, `args.grain` outer indices
 * a task.
 */
export function windowMeans(args: WindowArgs, task: i32): void {
  const from = args.from, to = args.to, inner = args.inner;
  const end = min((task + 1) * args.grain, args.outer), stride = <usize>inner << 2;
  for (let o = task * args.grain; o < end; o++) {
    const x = args.x + <usize>(o * from) * stride;
    for (let i = 0; i < to; i++) {
      const first = firstOf(i, from, to), count = endOf(i, from, to) - first;
      means(x + <usize>first * stride, count, stride, inner, args.y + <usize>(o * to + i) * stride);
    }
  }
}

/** The transpose of `windowMeans`: y `[outer, to, inner]` to x `[outer, from, inner]`. */
export function windowMeansGradient(args: WindowArgs, task: i32): void {
  const from = args.from, to = args.to, inner = args.inner;
  const end = min((task + 1) * args.grain, args.outer), stride = <usize>inner << 2;
  for (let o = task * args.grain; o < end; o++) {
    const y = args.y + <usize>(o * to) * stride;
    for (let n = 0; n < from; n++) {
      const x = args.x + <usize>(o * from + n) * stride;
      // The windows that have n in them are those of the axis of `to` positions that n would average.
      const first = firstOf(n, to, from), last = endOf(n, to, from);
      for (let i = first; i < last; i++) {
        addShare(y + <usize>i * stride, 1 / <f32>(endOf(i, from, to) - firstOf(i, from, to)), inner, x, i > first);
      }
    }
  }
}

/** The first position of window i. */
@inline
function firstOf(i: i32, from: i32, to: i32): i32 {
  return <i32>(<i64>i * from / to);
}

/** The position behind the last one of window i. */
@inline
function endOf(i: i32, from: i32, to: i32): i32 {
  return <i32>((<i64>(i + 1) * from + to - 1) / to);
}

/** The mean of `count` rows of `inner` values, summed in double precision: eight columns at once, in registers. */
function means(row: usize, count: i32, stride: usize, inner: i32, out: usize): void {
  const share = f64x2.splat(1 / <f64>count), zero = f64x2.splat(0);
  for (; inner >= 8; inner -= 8) {
    let s0 = zero, s1 = zero, s2 = zero, s3 = zero, at = row;
    for (let n = count; n > 0; n--) {
      const low = v128.load(at), high = v128.load(at, 16);
      s0 = f64x2.add(s0, f64x2.promote_low_f32x4(low)); s1 = f64x2.add(s1, f64x2.promote_low_f32x4(highPair(low)));
      s2 = f64x2.add(s2, f64x2.promote_low_f32x4(high)); s3 = f64x2.add(s3, f64x2.promote_low_f32x4(highPair(high)));
      at += stride;
    }
    v128.store(out, narrow(f64x2.mul(s0, share), f64x2.mul(s1, share)));
    v128.store(out, narrow(f64x2.mul(s2, share), f64x2.mul(s3, share)), 16);
    row += 32; out += 32;
  }
  for (; inner > 0; inner -= 4) {
    let s0 = zero, s1 = zero, at = row;
    for (let n = count; n > 0; n--) {
      const v = loadLanes(at, inner);
      s0 = f64x2.add(s0, f64x2.promote_low_f32x4(v)); s1 = f64x2.add(s1, f64x2.promote_low_f32x4(highPair(v)));
      at += stride;
    }
    storeLanes(out, narrow(f64x2.mul(s0, share), f64x2.mul(s1, share)), inner);
    row += 16; out += 16;
  }
}

/** Four values of two pairs in double precision. */
@inline
function narrow(low: v128, high: v128): v128 {
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}

/** Writes or adds `share` of a row of `inner` values. */
function addShare(row: usize, share: f32, inner: i32, out: usize, adds: bool): void {
  const s = f32x4.splat(share);
  for (; inner > 0; inner -= 4) {
    const v = f32x4.mul(loadLanes(row, inner), s);
    storeLanes(out, adds ? f32x4.add(loadLanes(out, inner), v) : v, inner);
    row += 16; out += 16;
  }
}
