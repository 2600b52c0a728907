import { requireIntegers, ValueError } from '@sshn/core';
import { differentiable, gradientToPlaces, warpOperation } from '@sshn/ops';
import {
  add,
  cast,
  clone,
  concat,
  dispose,
  div,
  greaterEqual,
  less,
  lessEqual,
  logicalAnd,
  max,
  maximum,
  minimum,
  mul,
  neg,
  ones,
  reshape,
  split,
  square,
  sub,
  sum,
  type Tensor,
  tensor1d,
  tidy,
  where,
  zeros,
} from '@tensorflow/tfjs-core';
import { requireField, spatialOf } from '../check.js';
import { derivativeAlong } from '../jacobian.js';
import { voxelGrid } from './grid.js';

const sampling = { interpolation: 'linear', padding: 'border' } as const;
/** Jacobians nearer to 0 than this do not make steps longer. */
const leastDeterminant = 0.05;

/** How long the search for an inverse goes on. */
export interface Inversion {
  /** Newton steps, an integer ≥ 1. @default 20 */
  readonly iterations?: number;
}

/** An inverse, and how well it undoes the field. */
export interface InvertedField {
  /** Displacement of the field's shape, voxels; the caller's. */
  readonly inverse: Tensor;
  /** The largest distance, in voxels, at which a voxel ends that went by the inverse and then by the field. */
  readonly largestError: number;
  /** Share of the voxels, in percent, that end further than the tolerance: more iterations may help. */
  readonly unsolvedPercent: number;
}

/**
 * The inverse of any field that has one, and whether it was found: as `inverseOf`, with the errors of the result.
 *
 * Where a field folds, several places go to one, and the inverse is one of them; `jacobianStatistics` counts such places.
 *
 * @param field `[batch, ...spatial, rank]`, voxels.
 * @param options.tolerance Distance in voxels from which a voxel counts as unsolved, > 0. @default 0.01
 * @throws {ShapeError} if it is no field. @throws {ValueError} if it is not float32, or a number makes no sense.
 * @example
 * const { inverse, largestError, unsolvedPercent } = await invertField(field);
 * const inFixed = warpPoints(inMoving, inverse);   // points of the moving image in the fixed one
 */
export async function invertField(
  field: Tensor,
  { tolerance = 0.01, ...options }: Inversion & { readonly tolerance?: number } = {},
): Promise<InvertedField> {
  if (!(tolerance > 0 && tolerance < Infinity)) {
    throw new ValueError({ where: 'invertField: tolerance', got: tolerance, expected: 'a positive number' });
  }
  const inverse = inverseOf(field, options);
  const errors = tidy(() => {
    const squares = sum(square(add(inverse, warpOperation(field, inverse, sampling))), -1);
    // NaN counts as unsolved.
    const solved = sum(cast(lessEqual(squares, tolerance ** 2), 'float32'));
    return concat([reshape(max(squares), [1]), reshape(solved, [1])]);
  });
  try {
    const [largest, solved] = await errors.data();
    const voxels = inverse.size / inverse.shape.at(-1)!;
    return {
      inverse,
      largestError: Math.sqrt(largest!),
      unsolvedPercent: (100 * (voxels - solved!)) / voxels,
    };
  } finally {
    errors.dispose();
  }
}

/**
 * The inverse of any field that has one: `inverse(p)` with `inverse(p) + field(p + inverse(p)) = 0`, voxel by voxel by Newton
 * steps that are halved until they help.
 *
 * Converges wherever the map `p + field(p)` is invertible, however steep the field; beyond its border a field goes on as
 * there. The result is not checked: `invertField` does. For a field from a velocity `integrateInverse` is cheaper.
 * Differentiable in the field, by the derivative of the solution.
 *
 * @param field `[batch, ...spatial, rank]`, voxels.
 * @returns Displacement of the same shape, voxels.
 * @throws {ShapeError} if it is no field. @throws {ValueError} if it is not float32, or the iterations are not a count.
 * @example
 * const toMoving = inverseOf(field);
 *
 * *Source*: Newton's method with backtracking; Dennis & Schnabel, *Numerical Methods for Unconstrained Optimization and
 * Nonlinear Equations* (1983), section 6.3.
 */
export function inverseOf(field: Tensor, { iterations = 20 }: Inversion = {}): Tensor {
  requireField('inverseOf', field);
  requireIntegers('inverseOf', { iterations });
  return tidy(() => {
    const rank = field.rank - 2;
    const constant = constantOf(field, (u) => solved(u, iterations));
    const [inverse, there, entries] = split(constant, [rank, rank, rank * rank], -1) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    // Zero, with the derivative of the exact solution: −J⁻¹ ∂field, by the theorem of implicit functions.
    const change = sub(warpOperation(field, inverse, sampling), there);
    return sub(inverse, timesMatrix(entries, change));
  });
}

/** Where the search stands, all `[batch, ...spatial, …]`. */
type State = {
  /** rank */
  inverse: Tensor;
  /** The field there: rank. */
  there: Tensor;
  /** Inverse of the Jacobian there, row by row: rank². */
  entries: Tensor;
  /** Squared distance from the solution: 1. */
  error: Tensor;
};

/** The solution, the field there and the inverse Jacobian, side by side. */
function solved(field: Tensor, iterations: number): Tensor {
  const slopes = spatialOf(field).map((_, axis) => derivativeAlong(field, axis + 1));
  const maps = concat([field, ...slopes], -1);
  let now = stateAt(maps, zeros(field.shape));
  let length: Tensor = ones(now.error.shape);
  for (let i = 0; i < iterations; i++) {
    const [next, nextLength]: [State, Tensor] = tidy(() => {
      const step = timesMatrix(now.entries, add(now.inverse, now.there));
      const tried = stateAt(maps, sub(now.inverse, mul(length, step)));
      const isBetter = less(tried.error, now.error);
      const better = (key: keyof State) => whereOf(isBetter, tried[key], now[key]);
      const chosen: State = {
        inverse: better('inverse'),
        there: better('there'),
        entries: better('entries'),
        error: better('error'),
      };
      return [chosen, whereOf(isBetter, minimum(mul(length, 2), 1), mul(length, 0.5))];
    });
    dispose([...Object.values(now), length]);
    [now, length] = [next, nextLength];
  }
  return concat([now.inverse, now.there, exactEntries(field, now.inverse)], -1);
}

/** The inverse Jacobian of the interpolated field at places, as gradients need it: without the smoothing of differences. */
function exactEntries(field: Tensor, inverse: Tensor): Tensor {
  const rank = inverse.rank - 2;
  const rows = Array.from({ length: rank }, (_, row) => {
    const one = tensor1d(Array.from({ length: rank }, (__, i) => (i === row ? 1 : 0)));
    return split(gradientToPlaces(mul(ones(inverse.shape), one), field, inverse, sampling), rank, -1);
  });
  const entry = (row: number, column: number): Tensor =>
    row === column ? add(rows[row]![column]!, 1) : rows[row]![column]!;
  return inverseEntries(entry, rank);
}

/** @param maps The field and its derivatives along each axis, `[batch, ...spatial, rank + rank²]`. */
function stateAt(maps: Tensor, inverse: Tensor): State {
  return tidy(() => {
    const rank = inverse.rank - 2;
    const [there, slopes] = split(warpOperation(maps, inverse, sampling), [rank, rank * rank], -1) as [
      Tensor,
      Tensor,
    ];
    const size = spatialOf(inverse);
    const places = add(voxelGrid(size), inverse);
    // Beyond the border the field is constant along that axis.
    const last = tensor1d(size.map((length) => length - 1));
    const inside = cast(logicalAnd(greaterEqual(places, 0), lessEqual(places, last)), 'float32');
    // Derivatives lie axis after axis, each with all components: entry (row, column) is part column · rank + row.
    const parts = split(slopes, rank * rank, -1);
    const isInside = split(inside, rank, -1);
    const entry = (row: number, column: number): Tensor => {
      const slope = mul(parts[column * rank + row]!, isInside[column]!);
      return row === column ? add(slope, 1) : slope;
    };
    const error = sum(square(add(inverse, there)), -1, true);
    return { inverse, there: clone(there), entries: inverseEntries(entry, rank), error };
  });
}

/** Entries of an inverse matrix, row by row, by cofactors; a determinant near 0 is kept off it. */
function inverseEntries(entry: (row: number, column: number) => Tensor, rank: number): Tensor {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const cofactor = (row: number, column: number): Tensor => {
    if (rank === 2) {
      const other = entry(1 - row, 1 - column);
      return row === column ? other : neg(other);
    }
    // Cyclic order has the sign in it.
    const [r1, r2, c1, c2] = [(row + 1) % 3, (row + 2) % 3, (column + 1) % 3, (column + 2) % 3];
    return sub(mul(entry(r1, c1), entry(r2, c2)), mul(entry(r1, c2), entry(r2, c1)));
  };
  const cofactors = axes.map((row) => axes.map((column) => cofactor(row, column)));
  const determinant = axes.map((column) => mul(entry(0, column), cofactors[0]![column]!)).reduce(add);
  const kept = whereOf(
    greaterEqual(determinant, 0),
    maximum(determinant, leastDeterminant),
    minimum(determinant, -leastDeterminant),
  );
  // The adjugate is the transpose of the cofactors.
  return div(
    concat(
      axes.flatMap((row) => axes.map((column) => cofactors[column]![row]!)),
      -1,
    ),
    kept,
  );
}

/** Matrices `[…, rank²]`, row by row, times vectors `[…, rank]`. */
function timesMatrix(entries: Tensor, vectors: Tensor): Tensor {
  const rank = vectors.shape.at(-1)!;
  const rows = split(entries, rank, -1);
  return concat(
    rows.map((row) => sum(mul(row, vectors), -1, true)),
    -1,
  );
}

/** `where` that repeats a condition along the last axis. */
function whereOf(condition: Tensor, yes: Tensor, no: Tensor): Tensor {
  const isYes = mul(cast(condition, 'float32'), ones(yes.shape));
  return where(cast(isYes, 'bool'), yes, no);
}

/** A function of a tensor that counts as a constant for gradients. */
function constantOf(x: Tensor, compute: (x: Tensor) => Tensor): Tensor {
  return differentiable([x], {
    forward: (input) => ({ value: tidy(() => compute(input)), saved: [] }),
    backward: () => [zeros(x.shape)],
  });
}
