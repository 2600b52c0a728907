import { leaky, madd, nmadd } from './simd';

/**
 * The one-dimensional transforms of Winograd's F(4, 3) and, with a 6 at the end of their names, F(6, 3) on four channels at once,
 * from memory to memory.
 *
 * Interpolation points of F(4, 3) are 0, ±√½, ±√2, ∞: their powers stay near 1, which loses fewer bits than the usual 0, ±1, ±2, ∞.
 * Those of F(6, 3) are 0, ±1, ±2, ±½, ∞, which lose fewest of all that were tried.
 * With y = Aᵀ[(G k) ⊙ (Bᵀ x)], the two-dimensional tile is every column and then every row.
 *
 * Source: Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016; the points as in ncnn.
 */

export const ROOT_HALF: f32 = 0.7071067811865476;
export const ROOT_2: f32 = 1.4142135623730951;

@inline
export function times(v: v128, factor: f32): v128 {
  return f32x4.mul(v, f32x4.splat(factor));
}

/** `sum + factor * v` */
@inline
export function plus(sum: v128, v: v128, factor: f32): v128 {
  return madd(v, f32x4.splat(factor), sum);
}

/** `sum - factor * v` */
@inline
export function minus(sum: v128, v: v128, factor: f32): v128 {
  return nmadd(v, f32x4.splat(factor), sum);
}

/** Bᵀ: six inputs to six values. */
@inline
export function inputLine(from: usize, fromStride: usize, to: usize, toStride: usize): void {
  const x0 = v128.load(from);
  const x1 = v128.load(from + fromStride);
  const x2 = v128.load(from + 2 * fromStride);
  const x3 = v128.load(from + 3 * fromStride);
  const x4 = v128.load(from + 4 * fromStride);
  const x5 = v128.load(from + 5 * fromStride);
  v128.store(to, f32x4.add(minus(x0, x2, 2.5), x4));
  const evenA = minus(x4, x2, 2), oddA = minus(times(x3, ROOT_HALF), x1, ROOT_2);
  v128.store(to + toStride, f32x4.add(evenA, oddA));
  v128.store(to + 2 * toStride, f32x4.sub(evenA, oddA));
  const evenB = minus(x4, x2, 0.5), oddB = minus(times(x3, ROOT_2), x1, ROOT_HALF);
  v128.store(to + 3 * toStride, f32x4.add(evenB, oddB));
  v128.store(to + 4 * toStride, f32x4.sub(evenB, oddB));
  v128.store(to + 5 * toStride, f32x4.add(minus(x1, x3, 2.5), x5));
}

/** Aᵀ: six products to four outputs. */
@inline
export function outputLine(from: usize, fromStride: usize, to: usize, toStride: usize): void {
  const m0 = v128.load(from), m1 = v128.load(from + fromStride), m2 = v128.load(from + 2 * fromStride);
  const m3 = v128.load(from + 3 * fromStride), m4 = v128.load(from + 4 * fromStride), m5 = v128.load(from + 5 * fromStride);
  const sumA = f32x4.add(m1, m2), differenceA = f32x4.sub(m1, m2);
  const sumB = f32x4.add(m3, m4), differenceB = f32x4.sub(m3, m4);
  v128.store(to, f32x4.add(f32x4.add(m0, sumA), sumB));
  v128.store(to + toStride, plus(times(differenceA, ROOT_HALF), differenceB, ROOT_2));
  v128.store(to + 2 * toStride, plus(times(sumA, 0.5), sumB, 2));
  const last = plus(times(differenceA, ROOT_HALF * 0.5), differenceB, ROOT_2 * 2);
  v128.store(to + 3 * toStride, f32x4.add(last, m5));
}

/** Aᵀ of a row of six values, then bias (four lanes at `biasAt`) and leaky rectifier: four pixels, stored. */
@inline
export function finishLine(from: usize, fromStride: usize, to: usize, toStride: usize, biasAt: usize, slope: v128): void {
  const bias = v128.load(biasAt);
  const m0 = v128.load(from), m1 = v128.load(from + fromStride), m2 = v128.load(from + 2 * fromStride);
  const m3 = v128.load(from + 3 * fromStride), m4 = v128.load(from + 4 * fromStride), m5 = v128.load(from + 5 * fromStride);
  const sumA = f32x4.add(m1, m2), differenceA = f32x4.sub(m1, m2);
  const sumB = f32x4.add(m3, m4), differenceB = f32x4.sub(m3, m4);
  const y0 = f32x4.add(f32x4.add(m0, sumA), sumB);
  v128.store(to, leaky(f32x4.add(y0, bias), slope));
  const y1 = plus(times(differenceA, ROOT_HALF), differenceB, ROOT_2);
  v128.store(to + toStride, leaky(f32x4.add(y1, bias), slope));
  const y2 = plus(times(sumA, 0.5), sumB, 2);
  v128.store(to + 2 * toStride, leaky(f32x4.add(y2, bias), slope));
  const odd = plus(times(differenceA, ROOT_HALF * 0.5), differenceB, ROOT_2 * 2);
  const y3 = f32x4.add(odd, m5);
  v128.store(to + 3 * toStride, leaky(f32x4.add(y3, bias), slope));
}

/** A, the transpose of `outputLine`: four output gradients to six values. */
@inline
export function outputGradientLine(from: usize, fromStride: usize, to: usize, toStride: usize): void {
  const y0 = v128.load(from), y1 = v128.load(from + fromStride);
  const y2 = v128.load(from + 2 * fromStride), y3 = v128.load(from + 3 * fromStride);
  v128.store(to, y0);
  const evenA = plus(y0, y2, 0.5), oddA = plus(times(y1, ROOT_HALF), y3, ROOT_HALF * 0.5);
  v128.store(to + toStride, f32x4.add(evenA, oddA));
  v128.store(to + 2 * toStride, f32x4.sub(evenA, oddA));
  const evenB = plus(y0, y2, 2), oddB = plus(times(y1, ROOT_2), y3, ROOT_2 * 2);
  v128.store(to + 3 * toStride, f32x4.add(evenB, oddB));
  v128.store(to + 4 * toStride, f32x4.sub(evenB, oddB));
  v128.store(to + 5 * toStride, y3);
}

/** G: three taps to six values. */
@inline
export function kernelLine(from: usize, fromStride: usize, to: usize, toStride: usize): void {
  const k0 = v128.load(from), k1 = v128.load(from + fromStride), k2 = v128.load(from + 2 * fromStride);
  v128.store(to, k0);
  const evenA = plus(times(k0, -2.0 / 3.0), k2, -1.0 / 3.0), oddA = times(k1, -ROOT_2 / 3.0);
  v128.store(to + toStride, f32x4.add(evenA, oddA));
  v128.store(to + 2 * toStride, f32x4.sub(evenA, oddA));
  const evenB = plus(times(k0, 1.0 / 6.0), k2, 1.0 / 3.0), oddB = times(k1, ROOT_2 / 6.0);
  v128.store(to + 3 * toStride, f32x4.add(evenB, oddB));
  v128.store(to + 4 * toStride, f32x4.sub(evenB, oddB));
  v128.store(to + 5 * toStride, k2);
}

/** Gᵀ, the transpose of `kernelLine`: six products to the gradients of three taps. */
@inline
export function kernelGradientLine(from: usize, fromStride: usize, to: usize, toStride: usize): void {
  const m1 = v128.load(from + fromStride), m2 = v128.load(from + 2 * fromStride);
  const m3 = v128.load(from + 3 * fromStride), m4 = v128.load(from + 4 * fromStride);
  const sumA = f32x4.add(m1, m2), sumB = f32x4.add(m3, m4);
  v128.store(to, f32x4.add(v128.load(from), plus(times(sumA, -2.0 / 3.0), sumB, 1.0 / 6.0)));
  v128.store(to + toStride, plus(times(f32x4.sub(m1, m2), -ROOT_2 / 3.0), f32x4.sub(m3, m4), ROOT_2 / 6.0));
  const third = times(f32x4.sub(sumB, sumA), 1.0 / 3.0);
  v128.store(to + 2 * toStride, f32x4.add(third, v128.load(from + 5 * fromStride)));
}

/** Bᵀ of F(6, 3): eight inputs to eight values. */
@inline
export function inputLine6(from: usize, fromStride: usize, to: usize, toStride: usize): void {
  const x0 = v128.load(from), x2 = v128.load(from + 2 * fromStride), x4 = v128.load(from + 4 * fromStride), x6 = v128.load(from + 6 * fromStride);
  v128.store(to, plus(f32x4.sub(x0, x6), f32x4.sub(x4, x2), 5.25));
  const evenA = minus(f32x4.add(x2, x6), x4, 4.25), evenB = plus(minus(x6, x4, 1.25), x2, 0.25), evenC = plus(minus(x6, x4, 5), x2, 4);
  const x1 = v128.load(from + fromStride), x3 = v128.load(from + 3 * fromStride), x5 = v128.load(from + 5 * fromStride), x7 = v128.load(from + 7 * fromStride);
  v128.store(to + 7 * toStride, plus(f32x4.sub(x7, x1), f32x4.sub(x3, x5), 5.25));
  const oddA = minus(f32x4.add(x1, x5), x3, 4.25);
  v128.store(to + toStride, f32x4.add(evenA, oddA));
  v128.store(to + 2 * toStride, f32x4.sub(evenA, oddA));
  const oddB = plus(minus(x5, x3, 1.25), x1, 0.25);
  v128.store(to + 3 * toStride, plus(evenB, oddB, 2));
  v128.store(to + 4 * toStride, minus(evenB, oddB, 2));
  const oddC = plus(minus(x5, x3, 5), x1, 4);
  v128.store(to + 5 * toStride, plus(evenC, oddC, 0.5));
  v128.store(to + 6 * toStride, minus(evenC, oddC, 0.5));
}

/** Aᵀ of F(6, 3): eight products to six outputs. */
@inline
export function outputLine6(from: usize, fromStride: usize, to: usize, toStride: usize): void {
  const m1 = v128.load(from + fromStride), m2 = v128.load(from + 2 * fromStride);
  const sumA = f32x4.add(m1, m2), differenceA = f32x4.sub(m1, m2);
  const m3 = v128.load(from + 3 * fromStride), m4 = v128.load(from + 4 * fromStride);
  const sumB = f32x4.add(m3, m4), differenceB = f32x4.sub(m3, m4);
  const m5 = v128.load(from + 5 * fromStride), m6 = v128.load(from + 6 * fromStride);
  const sumC = f32x4.add(m5, m6), differenceC = f32x4.sub(m5, m6);
  const m0 = v128.load(from);
  v128.store(to, f32x4.add(f32x4.add(m0, sumA), f32x4.add(sumB, sumC)));
  v128.store(to + 2 * toStride, plus(plus(sumA, sumB, 4), sumC, 0.25));
  v128.store(to + 4 * toStride, plus(plus(sumA, sumB, 16), sumC, 0.0625));
  const m7 = v128.load(from + 7 * fromStride);
  v128.store(to + toStride, plus(plus(differenceA, differenceB, 2), differenceC, 0.5));
  v128.store(to + 3 * toStride, plus(plus(differenceA, differenceB, 8), differenceC, 0.125));
  v128.store(to + 5 * toStride, plus(plus(f32x4.add(differenceA, m7), differenceB, 32), differenceC, 0.03125));
}

/** `outputLine6`, then bias (four lanes at `biasAt`) and leaky rectifier: six pixels, stored. */
@inline
export function finishLine6(from: usize, fromStride: usize, to: usize, toStride: usize, biasAt: usize, slope: v128): void {
  const bias = v128.load(biasAt);
  const m1 = v128.load(from + fromStride), m2 = v128.load(from + 2 * fromStride);
  const sumA = f32x4.add(f32x4.add(m1, m2), bias), differenceA = f32x4.add(f32x4.sub(m1, m2), bias);
  const m3 = v128.load(from + 3 * fromStride), m4 = v128.load(from + 4 * fromStride);
  const sumB = f32x4.add(m3, m4), differenceB = f32x4.sub(m3, m4);
  const m5 = v128.load(from + 5 * fromStride), m6 = v128.load(from + 6 * fromStride);
  const sumC = f32x4.add(m5, m6), differenceC = f32x4.sub(m5, m6);
  const m0 = v128.load(from);
  v128.store(to, leaky(f32x4.add(f32x4.add(m0, sumA), f32x4.add(sumB, sumC)), slope));
  v128.store(to + 2 * toStride, leaky(plus(plus(sumA, sumB, 4), sumC, 0.25), slope));
  v128.store(to + 4 * toStride, leaky(plus(plus(sumA, sumB, 16), sumC, 0.0625), slope));
  const m7 = v128.load(from + 7 * fromStride);
  v128.store(to + toStride, leaky(plus(plus(differenceA, differenceB, 2), differenceC, 0.5), slope));
  v128.store(to + 3 * toStride, leaky(plus(plus(differenceA, differenceB, 8), differenceC, 0.125), slope));
  v128.store(to + 5 * toStride, leaky(plus(plus(f32x4.add(differenceA, m7), differenceB, 32), differenceC, 0.03125), slope));
}

/** G of F(6, 3): three taps to eight values. */
@inline
export function kernelLine6(from: usize, fromStride: usize, to: usize, toStride: usize): void {
  const k0 = v128.load(from), k1 = v128.load(from + fromStride), k2 = v128.load(from + 2 * fromStride);
  v128.store(to, k0);
  const evenA = times(f32x4.add(k0, k2), -2.0 / 9.0), oddA = times(k1, -2.0 / 9.0);
  v128.store(to + toStride, f32x4.add(evenA, oddA));
  v128.store(to + 2 * toStride, f32x4.sub(evenA, oddA));
  const evenB = plus(times(k0, 1.0 / 90.0), k2, 4.0 / 90.0), oddB = times(k1, 2.0 / 90.0);
  v128.store(to + 3 * toStride, f32x4.add(evenB, oddB));
  v128.store(to + 4 * toStride, f32x4.sub(evenB, oddB));
  const evenC = plus(times(k0, 32.0 / 45.0), k2, 8.0 / 45.0), oddC = times(k1, 16.0 / 45.0);
  v128.store(to + 5 * toStride, f32x4.add(evenC, oddC));
  v128.store(to + 6 * toStride, f32x4.sub(evenC, oddC));
  v128.store(to + 7 * toStride, k2);
}
