import { ShapeError, ValueError } from '@sshn/core';
import { type AffineMatrix, requireAffine } from './matrix.js';

/** An affine map taken apart: `p → R S H (p − center) + center + translation`. */
export interface AffineParameters {
  /** Voxels along each axis. */
  readonly translation: readonly number[];
  /**
   * 2D: one angle, turning the first axis (height) towards the second. 3D: three angles, R = R₀ R₁ R₂ with Rᵢ about axis i,
   * turning the next axis towards the one after it (cyclically).
   */
  readonly rotationRad: readonly number[];
  /** The diagonal of S, one factor per axis; the last is negative for a mirror image. */
  readonly scale: readonly number[];
  /** The entries of H above its diagonal of ones, row by row: one in 2D, three in 3D. */
  readonly shear: readonly number[];
}

/** The place that a map turns, scales and shears about, in voxels. */
export interface AffineCenter {
  /** The middle of an image of n voxels along an axis is (n − 1) / 2. @default the center of the first voxel */
  readonly center?: readonly number[];
}

/**
 * The matrix of a rotation, scaling, shear and translation.
 *
 * What is left out changes nothing. Inverse of `affineParameters`.
 *
 * @param rank 2 or 3.
 * @throws {ShapeError} if a list has not as many entries as the rank asks for. @throws {ValueError} if one is not finite.
 * @example
 * const quarter = affineMatrix(2, { rotationRad: [Math.PI / 2], center: [31.5, 31.5] });
 */
export function affineMatrix(
  rank: 2 | 3,
  parameters: Partial<AffineParameters> & AffineCenter = {},
): number[][] {
  const angles = rank === 2 ? 1 : 3;
  const list = (name: keyof AffineParameters | 'center', count: number, fill: number): readonly number[] => {
    const entries = parameters[name] ?? Array<number>(count).fill(fill);
    requireEntries(`affineMatrix: ${name}`, entries, count);
    return entries;
  };
  const [scale, shear] = [list('scale', rank, 1), list('shear', angles, 0)];
  const [translation, center] = [list('translation', rank, 0), list('center', rank, 0)];
  const linear = multiply(rotation(list('rotationRad', angles, 0)), upper(scale, shear));
  return linear.map((row, axis) => {
    const turned = row.reduce((sum, entry, k) => sum + entry * center[k]!, 0);
    return [...row, translation[axis]! + center[axis]! - turned];
  });
}

/**
 * Takes a matrix apart into rotation, scaling, shear and translation.
 *
 * Inverse of `affineMatrix` for angles in (−π, π], in 3D the middle one in [−π/2, π/2], and scales that are positive but
 * for the last.
 *
 * @throws {ShapeError} if it is no affine matrix. @throws {ValueError} if it is singular or an entry is not finite.
 * @example
 * const { rotationRad, scale } = affineParameters(fitAffine(from, to));
 */
export function affineParameters(matrix: AffineMatrix, { center }: AffineCenter = {}): AffineParameters {
  requireAffine('affineParameters', matrix);
  const rank = matrix.length;
  const middle = center ?? Array<number>(rank).fill(0);
  requireEntries('affineParameters: center', middle, rank);
  // Gram–Schmidt on the columns: linear = rotation · upper triangle, the last column of the rotation by orientation.
  const columns = matrix.map((_, column) => matrix.map((row) => row[column]!));
  const axes: number[][] = [];
  for (const column of columns.slice(0, -1)) {
    const rest = axes.reduce((left, axis) => subtract(left, axis, dot(axis, left)), column);
    axes.push(divide(rest, requireLength(matrix, norm(rest))));
  }
  axes.push(lastAxis(axes));
  const triangle = axes.map((axis) => columns.map((column) => dot(axis, column)));
  const scale = triangle.map((row, i) => row[i]!);
  requireLength(matrix, scale.at(-1)!);
  const shear = triangle.flatMap((row, i) => row.slice(i + 1).map((entry) => entry / scale[i]!));
  const translation = matrix.map(
    (row, axis) => row[rank]! - middle[axis]! + dot(row.slice(0, rank), middle as number[]),
  );
  return { translation, rotationRad: anglesOf(axes), scale, shear };
}

function rotation(angles: readonly number[]): number[][] {
  if (angles.length === 1) {
    const [cos, sin] = [Math.cos(angles[0]!), Math.sin(angles[0]!)];
    return [
      [cos, -sin],
      [sin, cos],
    ];
  }
  const about = angles.map((angle, axis) => {
    const [from, to] = [(axis + 1) % 3, (axis + 2) % 3];
    const turn = [0, 1, 2].map((row) => [0, 1, 2].map((column) => (row === column ? 1 : 0) as number));
    [turn[from]![from], turn[to]![to]] = [Math.cos(angle), Math.cos(angle)];
    [turn[from]![to], turn[to]![from]] = [-Math.sin(angle), Math.sin(angle)];
    return turn;
  });
  return about.reduce(multiply);
}

/** The angles of a rotation, given by its columns. */
function anglesOf(columns: readonly number[][]): number[] {
  const entry = (row: number, column: number): number => columns[column]![row]!;
  if (columns.length === 2) return [Math.atan2(entry(1, 0), entry(0, 0))];
  const across = Math.hypot(entry(0, 0), entry(0, 1));
  const middle = Math.atan2(entry(0, 2), across);
  // Where the middle angle is a right one, the other two turn about the same axis; the last is taken as 0.
  if (across < 1e-10) return [Math.atan2(entry(2, 1), entry(1, 1)), middle, 0];
  return [Math.atan2(-entry(1, 2), entry(2, 2)), middle, Math.atan2(-entry(0, 1), entry(0, 0))];
}

/** Scales on the diagonal, each row of shears scaled with it. */
function upper(scale: readonly number[], shear: readonly number[]): number[][] {
  let next = 0;
  return scale.map((factor, row) =>
    scale.map((_, column) => (column < row ? 0 : column === row ? factor : factor * shear[next++]!)),
  );
}

/** Completes an orthonormal system so that it is right-handed. */
function lastAxis(axes: readonly number[][]): number[] {
  const [a, b] = axes as [number[], number[] | undefined];
  if (b === undefined) return [-a[1]!, a[0]!];
  return [0, 1, 2].map((i) => a[(i + 1) % 3]! * b[(i + 2) % 3]! - a[(i + 2) % 3]! * b[(i + 1) % 3]!);
}

function requireLength(matrix: AffineMatrix, length: number): number {
  const largest = Math.max(...matrix.flatMap((row) => row.slice(0, -1).map(Math.abs)));
  if (Math.abs(length) > 1e-12 * largest) return length;
  throw new ValueError({
    where: 'affineParameters',
    got: matrix,
    expected: 'a matrix that keeps dimensions apart',
  });
}

function requireEntries(where: string, entries: readonly number[], count: number): void {
  if (entries.length !== count)
    throw new ShapeError({
      where,
      got: [entries.length],
      expected: `${count} ${count === 1 ? 'entry' : 'entries'}`,
    });
  if (!entries.every(Number.isFinite))
    throw new ValueError({ where, got: entries, expected: 'finite numbers' });
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, entry, i) => sum + entry * b[i]!, 0);
const norm = (a: readonly number[]): number => Math.hypot(...a);
const divide = (a: readonly number[], by: number): number[] => a.map((entry) => entry / by);
const subtract = (a: readonly number[], b: readonly number[], times: number): number[] =>
  a.map((entry, i) => entry - times * b[i]!);

function multiply(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number[][] {
  return a.map((row) =>
    b[0]!.map((_, column) => row.reduce((sum, entry, k) => sum + entry * b[k]![column]!, 0)),
  );
}
