import type { Rng } from '@sshn/core';

/** The mean over t of the sum of a cubic B-spline's squared weights: what interpolation leaves of the variance. */
const variancePerAxis = 151 / 315;

/**
 * As long as no grid point moves by more than this share of the spacing along any axis, nothing folds, by rank.
 *
 * *Source*: Choi and Lee, "Injectivity conditions of 2D and 3D uniform cubic B-spline functions" (2000).
 */
const surelyFlat: Readonly<Record<number, number>> = { 1: 0.5, 2: 1 / 2.046, 3: 1 / 2.48 };

/**
 * Smooth random displacements that never fold: independent normal numbers on a grid, interpolated by cubic B-splines. Where
 * neighboring pixels would change places, all displacements of the image shrink together, by tenths, until none do: rarely up
 * to a strength of a sixth of the spacing, nearly always from a third on.
 *
 * @param size Of the image, 2 or 3 axes.
 * @returns For every axis, how far each pixel looks along it, in pixels, row-major; of standard deviation `strength` unless
 *   they had to shrink.
 *
 * *Source*: the free-form deformations of Rueckert et al. (1999).
 */
export function displacements(
  size: readonly number[],
  { strength, spacing }: { readonly strength: number; readonly spacing: number },
  rng: Rng,
): Float32Array[] {
  const knots = size.map((n) => Math.floor((n - 1) / spacing) + 4);
  const amplitude = strength / variancePerAxis ** (size.length / 2);
  const count = knots.reduce((product, n) => product * n, 1);
  let farthest = 0;
  const fields = size.map(() => {
    let values: Float32Array = Float32Array.from({ length: count }, () => amplitude * rng.normal());
    for (const value of values) farthest = Math.max(farthest, Math.abs(value));
    let inner = 1;
    for (let axis = size.length - 1; axis >= 0; axis--) {
      values = interpolate(values, knots[axis]!, inner, size[axis]!, spacing);
      inner *= size[axis]!;
    }
    return values;
  });
  if (farthest <= surelyFlat[size.length]! * spacing) return fields;
  let share = 1;
  while (folds(fields, size, share)) share *= 0.9;
  return share === 1 ? fields : fields.map((field) => field.map((value) => share * value));
}

/**
 * Whether a map of pixels p ↦ p + share · u(p) turns a corner of any cell of neighboring pixels inside out: whether the
 * determinant of the steps from a corner to its neighbors is not positive.
 *
 * Where the displacements of two neighbors differ by less than a pixel, summed over the axes, along all axes alike, a determinant
 * is positive: the map is then nearer to the identity than any that is singular. So only corners at other steps are looked at.
 */
function folds(fields: readonly Float32Array[], size: readonly number[], share: number): boolean {
  const count = fields[0]!.length;
  const [first, second, third] = [fields[0]!, fields[1]!, fields[2]];
  // Rounding must not let a corner through that the determinant would catch.
  const limit = 0.999 / share;
  let stride = 1;
  for (let axis = size.length - 1; axis >= 0; axis--) {
    const span = stride * size[axis]!;
    for (let block = 0; block < count; block += span) {
      const end = block + span - stride;
      for (let at = block; at < end; at++) {
        const next = at + stride;
        let step = Math.abs(first[next]! - first[at]!) + Math.abs(second[next]! - second[at]!);
        if (third !== undefined) step += Math.abs(third[next]! - third[at]!);
        if (step < limit) continue;
        if (turnsAt(at, fields, size, share) || turnsAt(next, fields, size, share)) return true;
      }
    }
    stride = span;
  }
  return false;
}

/** Whether any of the corners of cells that a pixel is turns inside out. */
function turnsAt(
  pixel: number,
  fields: readonly Float32Array[],
  size: readonly number[],
  share: number,
): boolean {
  const rank = size.length;
  // For every axis the steps to the neighbors that there are; along an axis of one pixel nothing folds.
  const steps: number[][][] = [];
  let stride = 1;
  for (let axis = rank - 1; axis >= 0; axis--) {
    const place = Math.floor(pixel / stride) % size[axis]!;
    const along: number[][] = [];
    for (const sign of [-1, 1]) {
      if (place + sign < 0 || place + sign >= size[axis]!) continue;
      const to = pixel + sign * stride;
      along.push(fields.map((u, a) => Number(a === axis) + sign * share * (u[to]! - u[pixel]!)));
    }
    steps.unshift(along.length > 0 ? along : [fields.map((_, a) => Number(a === axis))]);
    stride *= size[axis]!;
  }
  const [ofZ, ofY, ofX] = [rank === 3 ? steps[0]! : [undefined], steps.at(-2)!, steps.at(-1)!];
  return ofZ.some((z) => ofY.some((y) => ofX.some((x) => !(determinant(z, y, x) > 0))));
}

/** Of two steps in a plane, or three in space. */
function determinant(z: readonly number[] | undefined, y: readonly number[], x: readonly number[]): number {
  if (z === undefined) return y[0]! * x[1]! - y[1]! * x[0]!;
  return (
    z[0]! * (y[1]! * x[2]! - y[2]! * x[1]!) -
    z[1]! * (y[0]! * x[2]! - y[2]! * x[0]!) +
    z[2]! * (y[0]! * x[1]! - y[1]! * x[0]!)
  );
}

/**
 * Replaces one axis of an array, seen as `[outer, knots, inner]`, by a cubic B-spline along it: the first knot lies one spacing
 * before the first pixel.
 *
 * @returns `[outer, pixels, inner]`
 */
function interpolate(
  values: Float32Array,
  knots: number,
  inner: number,
  pixels: number,
  spacing: number,
): Float32Array {
  const outer = values.length / (knots * inner);
  const result = new Float32Array(outer * pixels * inner);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const first = Math.floor(pixel / spacing);
    const t = pixel / spacing - first;
    const [a, b] = [(1 - t) ** 3 / 6, (3 * t ** 3 - 6 * t ** 2 + 4) / 6];
    const [c, d] = [(-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6, t ** 3 / 6];
    for (let block = 0; block < outer; block++) {
      const atA = (block * knots + first) * inner;
      const [atB, atC, atD] = [atA + inner, atA + 2 * inner, atA + 3 * inner];
      const to = (block * pixels + pixel) * inner;
      for (let i = 0; i < inner; i++) {
        result[to + i] =
          a * values[atA + i]! + b * values[atB + i]! + c * values[atC + i]! + d * values[atD + i]!;
      }
    }
  }
  return result;
}
