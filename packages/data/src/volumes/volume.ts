import { requireIntegers, ShapeError, ValueError } from '@sshn/core';

/** The arrays that voxels can lie in: what NIfTI files store, but for 64-bit integers. */
export type VoxelData =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/**
 * From a voxel to its place in the body: `[x, y, z] = affine · [d, h, w, 1]`, with d, h, w the indices of the array and
 * x, y, z millimeters toward the right, the front and the top of the head. Three rows of four numbers.
 *
 * NIfTI's own matrix takes indices in the order w, h, d.
 */
export type Affine = readonly [AffineRow, AffineRow, AffineRow];
export type AffineRow = readonly [depth: number, height: number, width: number, offset: number];

/** Depth, height and width, in this order. */
export type Triple = readonly [depth: number, height: number, width: number];

/** Voxels with their place in space. Row-major: voxel (d, h, w) is `data[(d * height + h) * width + w]`. */
export interface Volume<Data extends VoxelData = VoxelData> {
  readonly data: Data;
  /** `[depth, height, width]`. */
  readonly shape: Triple;
  /** Edges of a voxel along depth, height and width: the lengths of the affine's columns. */
  readonly spacingMm: Triple;
  readonly affine: Affine;
}

/**
 * A volume of these voxels; without an affine, one in canonical orientation whose first voxel is at the origin.
 *
 * @param space `spacingMm` (default 1 mm) or the whole `affine`.
 * @throws {ShapeError} if the shape does not hold as many voxels; {ValueError} if a spacing is not positive or an affine
 *   flattens space.
 * @example
 * const volume = volumeOf(new Float32Array(8), [2, 2, 2], { spacingMm: [2, 1, 1] });
 */
export function volumeOf<Data extends VoxelData>(
  data: Data,
  shape: Triple,
  space: { readonly spacingMm: Triple } | { readonly affine: Affine } = { spacingMm: [1, 1, 1] },
): Volume<Data> {
  requireIntegers('volumeOf', { depth: shape[0], height: shape[1], width: shape[2] });
  if (data.length !== voxelCount(shape)) {
    throw new ShapeError({ where: 'volumeOf', got: shape, expected: `a shape of ${data.length} voxels` });
  }
  if ('affine' in space) {
    if (!isInvertible(space.affine)) {
      throw new ValueError({ where: 'volumeOf: affine', got: space.affine, expected: 'one with an inverse' });
    }
    return { data, shape, spacingMm: spacingOf(space.affine), affine: space.affine };
  }
  const { spacingMm } = space;
  if (!spacingMm.every((edge) => edge > 0 && Number.isFinite(edge))) {
    throw new ValueError({
      where: 'volumeOf: spacingMm',
      got: spacingMm,
      expected: 'three positive edges, in mm',
    });
  }
  const [depth, height, width] = spacingMm;
  const affine: Affine = [
    [0, 0, width, 0],
    [0, height, 0, 0],
    [depth, 0, 0, 0],
  ];
  return { data, shape, spacingMm, affine };
}

/** Depth times height times width. */
export function voxelCount([depth, height, width]: Triple): number {
  return depth * height * width;
}

/** The lengths of an affine's columns. */
export function spacingOf(affine: Affine): Triple {
  const length = (column: 0 | 1 | 2) => Math.hypot(...affine.map((row) => row[column]));
  return [length(0), length(1), length(2)];
}

/** An affine of other columns: `step(axis)` in array indices of the old one, and where the new voxel (0, 0, 0) is there. */
export function movedAffine(affine: Affine, scale: Triple, first: Triple): Affine {
  return mapRows(affine, ([d, h, w, offset]) => [
    d * scale[0],
    h * scale[1],
    w * scale[2],
    offset + d * first[0] + h * first[1] + w * first[2],
  ]);
}

/** A function applied to the three rows. */
export function mapRows(affine: Affine, change: (row: AffineRow) => AffineRow): Affine {
  return [change(affine[0]), change(affine[1]), change(affine[2])];
}

/** Whether the columns span space, so that they have directions. */
export function isInvertible(affine: Affine): boolean {
  const [[a, b, c], [d, e, f], [g, h, i]] = affine;
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  const scale = spacingOf(affine).reduce((product, length) => product * length, 1);
  return (
    Number.isFinite(determinant) &&
    Math.abs(determinant) > 1e-6 * scale &&
    affine.flat().every(Number.isFinite)
  );
}
