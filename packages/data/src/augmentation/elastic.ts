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
  const [depth, height, width] = [size.length === 3 ? size[0]! : 1, size.at(-2)!, size.at(-1)!];
  const [ofZ, ofY, ofX] = [size.length === 3 ? fields[0]! : undefined, fields.at(-2)!, fields.at(-1)!];
  for (let corner = 0; corner < 8; corner++) {
    const [toZ, toY, toX] = [corner & 4, corner & 2, corner & 1].map((bit) => (bit === 0 ? 1 : -1)) as [
      number,
      number,
      number,
    ];
    // An axis of one pixel has no neighbors, and nothing along it can fold: its two signs are one case.
    if ((depth === 1 && toZ < 0) || (height === 1 && toY < 0) || (width === 1 && toX < 0)) continue;
    const [strideZ, strideY, strideX] = [
      depth === 1 ? 0 : toZ * height * width,
      height === 1 ? 0 : toY * width,
      width === 1 ? 0 : toX,
    ];
    for (let z = depth > 1 && toZ < 0 ? 1 : 0; z < depth - (depth > 1 && toZ > 0 ? 1 : 0); z++)
      for (let y = height > 1 && toY < 0 ? 1 : 0; y < height - (height > 1 && toY > 0 ? 1 : 0); y++) {
        const row = (z * height + y) * width;
        const first = row + (width > 1 && toX < 0 ? 1 : 0);
        const end = row + width - (width > 1 && toX > 0 ? 1 : 0);
        for (let at = first; at < end; at++) {
          const yy = 1 + share * toY * (ofY[at + strideY]! - ofY[at]!);
          const yx = share * toX * (ofY[at + strideX]! - ofY[at]!);
          const xy = share * toY * (ofX[at + strideY]! - ofX[at]!);
          const xx = 1 + share * toX * (ofX[at + strideX]! - ofX[at]!);
          const plane = yy * xx - yx * xy;
          if (ofZ === undefined) {
            if (!(plane > 0)) return true;
            continue;
          }
          const zz = 1 + share * toZ * (ofZ[at + strideZ]! - ofZ[at]!);
          const zy = share * toY * (ofZ[at + strideY]! - ofZ[at]!);
          const zx = share * toX * (ofZ[at + strideX]! - ofZ[at]!);
          const yz = share * toZ * (ofY[at + strideZ]! - ofY[at]!);
          const xz = share * toZ * (ofX[at + strideZ]! - ofX[at]!);
          if (!(zz * plane - zy * (yz * xx - yx * xz) + zx * (yz * xy - yy * xz) > 0)) return true;
        }
      }
  }
  return false;
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
