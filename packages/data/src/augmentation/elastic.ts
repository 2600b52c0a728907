import type { Rng } from '@sshn/core';
import { mixAxis, type Taps } from '../geometry/axis.js';

/** The mean over t of the sum of a cubic B-spline's squared weights: what interpolation leaves of the variance. */
const variancePerAxis = 151 / 315;

/**
 * Smooth random displacements: independent normal numbers on a grid, interpolated by cubic B-splines.
 *
 * @param size Of the image, 2 or 3 axes.
 * @returns For every axis, how far each pixel looks along it, in pixels, row-major; of standard deviation `strength`.
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
  return size.map(() => {
    let values: Float32Array = Float32Array.from({ length: count }, () => amplitude * rng.normal());
    let inner = 1;
    for (let axis = size.length - 1; axis >= 0; axis--) {
      const taps = Array.from({ length: size[axis]! }, (_, i) => splineTaps(i / spacing));
      values = mixAxis(values, knots[axis]!, inner, taps);
      inner *= size[axis]!;
    }
    return values;
  });
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
