import type { AxisMap } from './map-axes.js';

/*
 * Places along an axis are fractions; as whole numbers of (1 / 2m)ths of a pixel they and the weights made of them are
 * exact, as long as 2 · n · m fits 31 bits.
 */

/** Linear interpolation with half-pixel centers from n values to m. */
export const interpolation: AxisMap = {
  name: 'interpolation',
  first: `return clamp((2 * i + 1) * n - m, 0, 2 * m * (n - 1)) / (2 * m);`,
  last: `return (clamp((2 * i + 1) * n - m, 0, 2 * m * (n - 1)) + 2 * m - 1) / (2 * m);`,
  weight: `return 1.0 - f32(abs(clamp((2 * i + 1) * n - m, 0, 2 * m * (n - 1)) - 2 * m * j)) / f32(2 * m);`,
  taps: (n, m) => (n === m ? 1 : 2),
};

/** Its transpose, from the n values that were made to the m that were read: those whose place is less than a pixel off. */
export const interpolationTransposed: AxisMap = {
  name: 'interpolation-transposed',
  first: `
  let least = (2 * i - 1) * n - m;
  return select(least / (2 * m) + 1, 0, least < 0);`,
  last: `
  let most = (2 * i + 3) * n - m;
  return select(min((most - 1) / (2 * m), n - 1), -1, most <= 0);`,
  weight: `
  let place = clamp((2 * j + 1) * m - n, 0, 2 * n * (m - 1));
  return max(0.0, 1.0 - f32(abs(place - 2 * n * i)) / f32(2 * n));`,
  taps: (n, m) => (n === m ? 1 : Math.ceil((2 * n) / m) + 1),
};

/** Means over the adaptive windows ⌊i·n/m⌋ … ⌈(i+1)·n/m⌉ − 1. */
export const average: AxisMap = {
  name: 'average',
  first: 'return i * n / m;',
  last: 'return ((i + 1) * n + m - 1) / m - 1;',
  weight: 'return 1.0 / f32(last(i, n, m) - first(i, n, m) + 1);',
  taps: (n, m) => (n === m ? 1 : Math.ceil(n / m) + 1),
};

/** Its transpose: a value hears of the windows that hold it, which is again a window. */
export const averageTransposed: AxisMap = {
  name: 'average-transposed',
  first: 'return i * n / m;',
  last: 'return ((i + 1) * n + m - 1) / m - 1;',
  weight: 'return 1.0 / f32(((j + 1) * m + n - 1) / n - j * m / n);',
  taps: (n, m) => (n === m ? 1 : Math.ceil(n / m) + 1),
};

/** Maxima over adaptive windows. */
export const maximum: AxisMap = {
  name: 'maximum',
  first: average.first,
  last: average.last,
  taps: average.taps,
};

/** Sums over the values at most `reach` away. */
export const boxSum: AxisMap = {
  name: 'box-sum',
  first: 'return max(i - i32(args.reach), 0);',
  last: 'return min(i + i32(args.reach), n - 1);',
  weight: 'return 1.0;',
  // Axis after axis costs less from three voxels on.
  taps: (n) => (n === 1 ? 1 : 7),
};
