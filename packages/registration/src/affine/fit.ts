import { ShapeError, ValueError } from '@sshn/core';
import type { Point } from '../points.js';
import { solve } from './matrix.js';

/**
 * The affine map that brings points closest to others: minimizes `Σ wᵢ |A fromᵢ + t − toᵢ|²`, in double precision.
 *
 * @param from Voxels, one number per axis. To align a moving image, points of the fixed one.
 * @param to Where they belong, in the same order: the points of the moving image.
 * @param options.weights One number ≥ 0 per point. @default all 1
 * @returns `rank × (rank + 1)`.
 * @throws {ShapeError} if the lists differ in length, or the points in rank.
 * @throws {ValueError} if the points do not span the space (fewer than rank + 1, or all on one line or plane), a coordinate is
 * not finite, or a weight is negative.
 * @example
 * const matrix = fitAffine([[0, 0], [0, 10], [10, 0]], [[1, 2], [1, 12], [11, 2]]);   // [[1, 0, 1], [0, 1, 2]]
 */
export function fitAffine(
  from: readonly Point[],
  to: readonly Point[],
  { weights = from.map(() => 1) }: { readonly weights?: readonly number[] } = {},
): number[][] {
  const rank = checkPoints(from, to, weights);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  // About the means, so that far-off coordinates cost no digits.
  const mean = (points: readonly Point[]): number[] =>
    Array.from(
      { length: rank },
      (_, axis) => points.reduce((sum, p, i) => sum + weights[i]! * p[axis]!, 0) / total,
    );
  const [fromMean, toMean] = [mean(from), mean(to)];
  const products = (left: readonly Point[], leftMean: number[], axis: number): number[] =>
    Array.from({ length: rank }, (_, other) =>
      from.reduce(
        (sum, p, i) =>
          sum + weights[i]! * (p[other]! - fromMean[other]!) * (left[i]![axis]! - leftMean[axis]!),
        0,
      ),
    );
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const covariance = axes.map((axis) => products(from, fromMean, axis));
  const mixed = axes.map((other) => axes.map((axis) => products(to, toMean, axis)[other]!));
  const transposed = solve(covariance, mixed);
  if (transposed === undefined) {
    throw new ValueError({
      where: 'fitAffine',
      got: from,
      expected: `points that do not all lie on one ${rank === 2 ? 'line' : 'plane'}`,
      hint: 'An affine map has more freedom than they settle; add points.',
    });
  }
  return axes.map((axis) => {
    const row = axes.map((other) => transposed[other]![axis]!);
    return [...row, toMean[axis]! - row.reduce((sum, entry, k) => sum + entry * fromMean[k]!, 0)];
  });
}

function checkPoints(from: readonly Point[], to: readonly Point[], weights: readonly number[]): number {
  if (to.length !== from.length || weights.length !== from.length) {
    throw new ShapeError({
      where: 'fitAffine',
      got: [from.length, to.length, weights.length],
      expected: 'as many points in from as in to, and a weight for each',
    });
  }
  const rank = from[0]?.length ?? 0;
  if ((rank !== 2 && rank !== 3) || from.length <= rank) {
    throw new ValueError({
      where: 'fitAffine: from',
      got: from,
      expected: 'at least 3 points in 2D, 4 in 3D',
    });
  }
  for (const point of [...from, ...to]) {
    if (point.length !== rank)
      throw new ShapeError({
        where: 'fitAffine: a point',
        got: [point.length],
        expected: `${rank} coordinates`,
      });
    if (!point.every(Number.isFinite))
      throw new ValueError({ where: 'fitAffine: a point', got: point, expected: 'finite coordinates' });
  }
  const isNegative = weights.some((weight) => !(weight >= 0 && Number.isFinite(weight)));
  if (isNegative || weights.every((weight) => weight === 0)) {
    throw new ValueError({ where: 'fitAffine: weights', got: weights, expected: 'numbers ≥ 0, not all 0' });
  }
  return rank;
}
