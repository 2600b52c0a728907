import type { Rng } from '@sshn/core';
import { mixAxis, type Taps } from '../geometry/resize.js';

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
      const taps = Array.from({ length: size[axis]! }, (_, i) => splineTaps(i / spacing));
      values = mixAxis(values, knots[axis]!, inner, taps);
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
 */
function folds(fields: readonly Float32Array[], size: readonly number[], share: number): boolean {
  // An axis of one pixel has no neighbors, and nothing along it can fold.
  const axes = [...size.keys()].filter((axis) => size[axis]! > 1);
  const strides = size.map((_, axis) => size.slice(axis + 1).reduce((product, n) => product * n, 1));
  const rank = axes.length;
  const jacobian = new Float64Array(rank * rank);
  const count = fields[0]!.length;
  for (let corner = 0; corner < 2 ** rank; corner++) {
    const signs = axes.map((_, i) => ((corner >> i) & 1 ? -1 : 1));
    for (let at = 0; at < count; at++) {
      let isInside = true;
      for (let j = 0; j < rank && isInside; j++) {
        const place = Math.floor(at / strides[axes[j]!]!) % size[axes[j]!]!;
        isInside = signs[j] === 1 ? place + 1 < size[axes[j]!]! : place > 0;
      }
      if (!isInside) continue;
      for (let i = 0; i < rank; i++) {
        const field = fields[axes[i]!]!;
        for (let j = 0; j < rank; j++) {
          const sign = signs[j]!;
          const step = sign * (field[at + sign * strides[axes[j]!]!]! - field[at]!);
          jacobian[i * rank + j] = (i === j ? 1 : 0) + share * step;
        }
      }
      if (!(determinant(jacobian, rank) > 0)) return true;
    }
  }
  return false;
}

function determinant(m: Float64Array, rank: number): number {
  if (rank === 0) return 1;
  if (rank === 1) return m[0]!;
  if (rank === 2) return m[0]! * m[3]! - m[1]! * m[2]!;
  return (
    m[0]! * (m[4]! * m[8]! - m[5]! * m[7]!) -
    m[1]! * (m[3]! * m[8]! - m[5]! * m[6]!) +
    m[2]! * (m[3]! * m[7]! - m[4]! * m[6]!)
  );
}

/** The four knots that a cubic B-spline takes at a coordinate in units of their distance; the first lies at −1. */
function splineTaps(at: number): Taps {
  const first = Math.floor(at);
  const t = at - first;
  return {
    first,
    weights: [
      (1 - t) ** 3 / 6,
      (3 * t ** 3 - 6 * t ** 2 + 4) / 6,
      (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6,
      t ** 3 / 6,
    ],
  };
}
