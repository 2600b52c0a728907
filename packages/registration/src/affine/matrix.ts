import { ShapeError, ValueError } from '@sshn/core';

/**
 * An affine map of voxels, `p → A p + t`: one row per axis, the columns of A and then t, `rank × (rank + 1)`.
 *
 * Places count voxels from the center of the first one, in the order of the axes. As a field does, it maps the grid of the
 * result (fixed) to places in the image that is read (moving).
 */
export type AffineMatrix = readonly (readonly number[])[];

/** @throws {ShapeError} if it is not 2×3 or 3×4. @throws {ValueError} if an entry is not finite. */
export function requireAffine(where: string, matrix: AffineMatrix): void {
  const rank = matrix.length;
  if ((rank !== 2 && rank !== 3) || matrix.some((row) => row.length !== rank + 1)) {
    throw new ShapeError({
      where,
      got: [rank, ...new Set(matrix.map((row) => row.length))],
      expected: '[2, 3] or [3, 4]: a row per axis, the last column the translation',
    });
  }
  if (!matrix.flat().every(Number.isFinite))
    throw new ValueError({ where, got: matrix, expected: 'finite entries' });
}

/**
 * `first` after `second`: `p → first(second(p))`, as `composeFields` does with fields.
 *
 * @throws {ShapeError} if one is no affine matrix or their ranks differ. @throws {ValueError} if an entry is not finite.
 * @example
 * const voxelToVoxel = composeAffine(invertAffine(movingToWorld), fixedToWorld);
 */
export function composeAffine(first: AffineMatrix, second: AffineMatrix): number[][] {
  requireAffine('composeAffine: first', first);
  requireAffine('composeAffine: second', second);
  if (first.length !== second.length) {
    throw new ShapeError({
      where: 'composeAffine: second',
      got: [second.length, second.length + 1],
      expected: `[${first.length}, ${first.length + 1}] as the first`,
    });
  }
  const rank = first.length;
  return first.map((row) =>
    Array.from({ length: rank + 1 }, (_, column) => {
      const product = second.reduce((sum, line, k) => sum + row[k]! * line[column]!, 0);
      return column === rank ? product + row[rank]! : product;
    }),
  );
}

/**
 * The map that undoes an affine one.
 *
 * @throws {ShapeError} if it is no affine matrix. @throws {ValueError} if it is singular or an entry is not finite.
 * @example
 * invertAffine([[2, 0, 4], [0, 1, 0]]);   // [[0.5, 0, -2], [0, 1, 0]]
 */
export function invertAffine(matrix: AffineMatrix): number[][] {
  requireAffine('invertAffine', matrix);
  const rank = matrix.length;
  const identity = matrix.map((_, row) => matrix.map((__, column) => (row === column ? 1 : 0)));
  const inverse = solve(
    matrix.map((row) => row.slice(0, rank)),
    identity,
  );
  if (inverse === undefined)
    throw new ValueError({
      where: 'invertAffine',
      got: matrix,
      expected: 'a matrix that keeps dimensions apart',
    });
  return inverse.map((row) => [
    ...row,
    0 - row.reduce((sum, entry, k) => sum + entry * matrix[k]![rank]!, 0),
  ]);
}

/** X of A X = B by Gaussian elimination with row pivots; undefined where A is singular to rounding. */
export function solve(
  a: readonly (readonly number[])[],
  b: readonly (readonly number[])[],
): number[][] | undefined {
  const size = a.length;
  const rows = a.map((row, i) => [...row, ...b[i]!]);
  const scale = Math.max(...a.flat().map(Math.abs));
  for (let column = 0; column < size; column++) {
    const pivot = rows
      .slice(column)
      .reduce(
        (best, row, i) => (Math.abs(row[column]!) > Math.abs(rows[best]![column]!) ? column + i : best),
        column,
      );
    if (!(Math.abs(rows[pivot]![column]!) > 1e-12 * scale)) return undefined;
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    for (const [i, row] of rows.entries()) {
      if (i === column) continue;
      const factor = row[column]! / rows[column]![column]!;
      rows[i] = row.map((entry, k) => entry - factor * rows[column]![k]!);
    }
  }
  return rows.map((row, i) => row.slice(size).map((entry) => entry / row[i]!));
}
