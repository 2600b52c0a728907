import { biased, biasLanes, madd, storeLanes } from './simd';

/**
 * The products of the build `wide`: sixteen columns at once, in pairs of `v128` that the engine may merge into one of 256 bits.
 *
 * Four rows by two pairs are eight sums, as many as are under way in two units that take four cycles each; with six rows, which
 * would need every one of sixteen registers, it takes a tenth to a quarter longer. V8 merges loads, sums and stores of neighbors;
 * a load between two stores keeps these apart, so each group is loaded, then added, then stored. Without merging there are too
 * few registers for it.
 */

/** Columns of the next block of a packed kernel, of which `left` (padded to eights) are left. */
@inline
export function columnsOfBlock(left: i32): i32 {
  return WIDE && left >= 16 ? 16 : 8;
}

/** Sixteen values to `out`, or added to those there. */
@inline
function finish16(out: usize, v0: v128, v1: v128, v2: v128, v3: v128, adds: bool): void {
  if (adds) {
    const s0 = v128.load(out), s1 = v128.load(out, 16), s2 = v128.load(out, 32), s3 = v128.load(out, 48);
    v128.store(out, f32x4.add(s0, v0));
    v128.store(out, f32x4.add(s1, v1), 16);
    v128.store(out, f32x4.add(s2, v2), 32);
    v128.store(out, f32x4.add(s3, v3), 48);
  } else {
    v128.store(out, v0);
    v128.store(out, v1, 16);
    v128.store(out, v2, 32);
    v128.store(out, v3, 48);
  }
}

/** Writes sixteen values of a bias (0 for none), of which `width` exist, to `to`; zeros behind them. */
export function padBias(to: usize, bias: usize, width: i32): void {
  for (let i = 0; i < 4; i++) v128.store(to + (<usize>i << 4), biasLanes(bias ? bias + (<usize>i << 4) : 0, width - 4 * i));
}

/** Sixteen sums with their bias (`padBias`) behind the leaky rectifier, the first `width` of them. */
@inline
function finishBiased16(out: usize, a0: v128, a1: v128, a2: v128, a3: v128, bias: usize, s: v128, width: i32): void {
  const v0 = biased(a0, v128.load(bias), s), v1 = biased(a1, v128.load(bias, 16), s);
  const v2 = biased(a2, v128.load(bias, 32), s), v3 = biased(a3, v128.load(bias, 48), s);
  if (width >= 16) {
    v128.store(out, v0);
    v128.store(out, v1, 16);
    v128.store(out, v2, 32);
    v128.store(out, v3, 48);
  } else {
    v128.store(out, v0);
    v128.store(out, v1, 16);
    storeLanes(out + 32, v2, width - 8);
    if (width > 12) storeLanes(out + 48, v3, width - 12);
  }
}

/**
 * Four rows times `[length][16]` weights, written or, with `adds`, added to what is there. With `isLayer` bias (`padBias`) and leaky rectifier
 * follow, and the first `width` values of the first `count` rows are written. Both words are constants wherever this is inlined.
 */
@inline
function rows4(
  pa: usize, pb: usize, pc: usize, pd: usize, weights: usize, length: i32, out: usize, outBytes: usize, adds: bool,
  isLayer: bool = false, bias: usize = 0, slope: f32 = 1, count: i32 = 4, width: i32 = 16,
): void {
  const zero = f32x4.splat(0);
  let a0 = zero, a1 = zero, a2 = zero, a3 = zero;
  let b0 = zero, b1 = zero, b2 = zero, b3 = zero;
  let c0 = zero, c1 = zero, c2 = zero, c3 = zero;
  let d0 = zero, d1 = zero, d2 = zero, d3 = zero;
  const end = weights + (<usize>length << 6);
  while (weights < end) {
    const w0 = v128.load(weights), w1 = v128.load(weights, 16), w2 = v128.load(weights, 32), w3 = v128.load(weights, 48);
    const a = v128.load32_splat(pa);
    a0 = madd(a, w0, a0); a1 = madd(a, w1, a1); a2 = madd(a, w2, a2); a3 = madd(a, w3, a3);
    const b = v128.load32_splat(pb);
    b0 = madd(b, w0, b0); b1 = madd(b, w1, b1); b2 = madd(b, w2, b2); b3 = madd(b, w3, b3);
    const c = v128.load32_splat(pc);
    c0 = madd(c, w0, c0); c1 = madd(c, w1, c1); c2 = madd(c, w2, c2); c3 = madd(c, w3, c3);
    const d = v128.load32_splat(pd);
    d0 = madd(d, w0, d0); d1 = madd(d, w1, d1); d2 = madd(d, w2, d2); d3 = madd(d, w3, d3);
    pa += 4; pb += 4; pc += 4; pd += 4;
    weights += 64;
  }
  if (isLayer) {
    const s = f32x4.splat(slope);
    finishBiased16(out, a0, a1, a2, a3, bias, s, width);
    if (count > 1) finishBiased16(out + outBytes, b0, b1, b2, b3, bias, s, width);
    if (count > 2) finishBiased16(out + 2 * outBytes, c0, c1, c2, c3, bias, s, width);
    if (count > 3) finishBiased16(out + 3 * outBytes, d0, d1, d2, d3, bias, s, width);
  } else {
    finish16(out, a0, a1, a2, a3, adds);
    finish16(out + outBytes, b0, b1, b2, b3, adds);
    finish16(out + 2 * outBytes, c0, c1, c2, c3, adds);
    finish16(out + 3 * outBytes, d0, d1, d2, d3, adds);
  }
}

/** Writes four rows, `rowBytes` apart, times `[length][16]` weights to rows `outBytes` apart. */
export function product4x16(row: usize, rowBytes: usize, weights: usize, length: i32, out: usize, outBytes: usize): void {
  const b = row + rowBytes, c = b + rowBytes;
  rows4(row, b, c, c + rowBytes, weights, length, out, outBytes, false);
}

/** Writes `count` rows, rounded up to fours, times `[length][16]` weights. */
export function products16(
  row: usize, rowBytes: usize, weights: usize, out: usize, outBytes: usize, length: i32, count: i32,
): void {
  for (; count > 0; count -= 4) {
    product4x16(row, rowBytes, weights, length, out, outBytes);
    row += 4 * rowBytes;
    out += 4 * outBytes;
  }
}

/** Adds four rows, whose addresses stand at `cells`, times `[length][16]` weights to `sums`, `[4][16]`. */
export function add4x16(cells: usize, weights: usize, length: i32, sums: usize): void {
  rows4(load<usize>(cells), load<usize>(cells, 4), load<usize>(cells, 8), load<usize>(cells, 12),
    weights, length, sums, 64, true);
}

/**
 * One block of a convolution: the taps of four pixels, whose addresses stand in the rows of a table at `cells`, times 16
 * columns of the packed kernel, with bias (`padBias`) and leaky rectifier. The first `count` pixels are stored, `width` values of each.
 *
 * `sums` holds 256 bytes.
 */
export function convBlock16(
  cells: usize, tableBytes: usize, weights: usize, taps: i32, inChannels: i32, sums: usize,
  out: usize, outBytes: usize, count: i32, width: i32, bias: usize, slope: f32,
): void {
  for (let i: usize = 0; i < 256; i += 16) v128.store(sums + i, f32x4.splat(0));
  for (let t = 0; t < taps; t++) {
    add4x16(cells, weights, inChannels, sums);
    cells += tableBytes;
    weights += <usize>inChannels << 6;
  }
  const s = f32x4.splat(slope);
  for (let p = min(count, 4); p > 0; p--) {
    finishBiased16(out, v128.load(sums), v128.load(sums, 16), v128.load(sums, 32), v128.load(sums, 48), bias, s, width);
    sums += 64;
    out += outBytes;
  }
}

/**
 * One block of a 1×1 convolution: four pixels, `inBytes` apart, times 16 columns of the packed kernel, with bias (`padBias`) and leaky
 * rectifier. Only the first `count` pixels are read and stored, `width` values of each.
 */
export function pointwiseBlock16(
  pa: usize, inBytes: usize, weights: usize, out: usize, outBytes: usize, count: i32, width: i32, bias: usize, slope: f32,
): void {
  const pb = pa + (count > 1 ? inBytes : 0), pc = pb + (count > 2 ? inBytes : 0), pd = pc + (count > 3 ? inBytes : 0);
  rows4(pa, pb, pc, pd, weights, <i32>(inBytes >> 2), out, outBytes, false, true, bias, slope, count, width);
}

/** Adds to `sum`, over `count` rows of `x` and of `dy`: four values of x times 16 of `dy`. */
export function accumulate4x16(
  x: usize, xBytes: usize, dy: usize, dyBytes: usize, sum: usize, sumBytes: usize, count: i32,
): void {
  const zero = f32x4.splat(0);
  let a0 = zero, a1 = zero, a2 = zero, a3 = zero;
  let b0 = zero, b1 = zero, b2 = zero, b3 = zero;
  let c0 = zero, c1 = zero, c2 = zero, c3 = zero;
  let d0 = zero, d1 = zero, d2 = zero, d3 = zero;
  for (; count > 0; count--) {
    const w0 = v128.load(dy), w1 = v128.load(dy, 16), w2 = v128.load(dy, 32), w3 = v128.load(dy, 48);
    const a = v128.load32_splat(x);
    a0 = madd(a, w0, a0); a1 = madd(a, w1, a1); a2 = madd(a, w2, a2); a3 = madd(a, w3, a3);
    const b = v128.load32_splat(x, 4);
    b0 = madd(b, w0, b0); b1 = madd(b, w1, b1); b2 = madd(b, w2, b2); b3 = madd(b, w3, b3);
    const c = v128.load32_splat(x, 8);
    c0 = madd(c, w0, c0); c1 = madd(c, w1, c1); c2 = madd(c, w2, c2); c3 = madd(c, w3, c3);
    const d = v128.load32_splat(x, 12);
    d0 = madd(d, w0, d0); d1 = madd(d, w1, d1); d2 = madd(d, w2, d2); d3 = madd(d, w3, d3);
    x += xBytes;
    dy += dyBytes;
  }
  finish16(sum, a0, a1, a2, a3, true);
  sum += sumBytes;
  finish16(sum, b0, b1, b2, b3, true);
  sum += sumBytes;
  finish16(sum, c0, c1, c2, c3, true);
  sum += sumBytes;
  finish16(sum, d0, d1, d2, d3, true);
}

/** Adds to `sum`, over the `count` pixels whose addresses stand at `cells`: four channels, `offset` bytes into a pixel, times 16 of `dy`. */
export function gather4x16(
  cells: usize, offset: usize, dy: usize, dyBytes: usize, sum: usize, sumBytes: usize, count: i32,
): void {
  const zero = f32x4.splat(0);
  let a0 = zero, a1 = zero, a2 = zero, a3 = zero;
  let b0 = zero, b1 = zero, b2 = zero, b3 = zero;
  let c0 = zero, c1 = zero, c2 = zero, c3 = zero;
  let d0 = zero, d1 = zero, d2 = zero, d3 = zero;
  const end = cells + (<usize>count << 2);
  while (cells < end) {
    const x = load<usize>(cells) + offset;
    const w0 = v128.load(dy), w1 = v128.load(dy, 16), w2 = v128.load(dy, 32), w3 = v128.load(dy, 48);
    const a = v128.load32_splat(x);
    a0 = madd(a, w0, a0); a1 = madd(a, w1, a1); a2 = madd(a, w2, a2); a3 = madd(a, w3, a3);
    const b = v128.load32_splat(x, 4);
    b0 = madd(b, w0, b0); b1 = madd(b, w1, b1); b2 = madd(b, w2, b2); b3 = madd(b, w3, b3);
    const c = v128.load32_splat(x, 8);
    c0 = madd(c, w0, c0); c1 = madd(c, w1, c1); c2 = madd(c, w2, c2); c3 = madd(c, w3, c3);
    const d = v128.load32_splat(x, 12);
    d0 = madd(d, w0, d0); d1 = madd(d, w1, d1); d2 = madd(d, w2, d2); d3 = madd(d, w3, d3);
    cells += 4;
    dy += dyBytes;
  }
  finish16(sum, a0, a1, a2, a3, true);
  sum += sumBytes;
  finish16(sum, b0, b1, b2, b3, true);
  sum += sumBytes;
  finish16(sum, c0, c1, c2, c3, true);
  sum += sumBytes;
  finish16(sum, d0, d1, d2, d3, true);
}
