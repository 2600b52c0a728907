import { requireOption, ShapeError } from '@sshn/core';
import type { Grid } from './orientation.js';
import { type Affine, type AffineRow, type Volume, type VoxelData, voxelCount } from './volume.js';

/** How a volume is read at the voxels of another grid. */
export interface OntoOptions {
  /** 'linear' for images, 'nearest' for labels, whose array type is kept. @default 'linear' */
  readonly interpolation?: 'linear' | 'nearest';
  /**
   * By how much each voxel of the grid is displaced before it is looked up, in mm toward the right, the front and the
   * top: one array for each, in the order of the grid's voxels. @default not at all
   */
  readonly displacementMm?: readonly [x: Float32Array, y: Float32Array, z: Float32Array];
  /** Value of voxels that lie outside the volume, by more than half a voxel. @default 0 */
  readonly fill?: number;
}

/**
 * A volume on the grid of another one, in the same place in the body: each voxel of the grid is converted to millimeters by
 * the grid's affine, displaced where a field says so, and looked up in the volume by the volume's own affine.
 *
 * `result(p) = volume(A⁻¹ (B p + displacement(p)))`, with A the affine of the volume and B that of the grid. Orientation,
 * spacing and shape of the two may differ in any way. No antialiasing: bring a much finer volume to the spacing first.
 *
 * @returns 32-bit floats where linear, else numbers of the volume's type.
 * @throws {ShapeError} if a displacement has not one number per voxel of the grid. @throws {OptionError} if there is no
 *   such interpolation.
 * @example
 * const moved = resampleOnto(moving, fixed, { displacementMm: [right, front, top] });
 */
export function resampleOnto(volume: Volume, grid: Grid, options: OntoOptions = {}): Volume {
  const { interpolation = 'linear', displacementMm, fill = 0 } = options;
  requireOption('interpolation', interpolation, ['linear', 'nearest']);
  const count = voxelCount(grid.shape);
  const other = displacementMm?.find(({ length }) => length !== count);
  if (other !== undefined) {
    throw new ShapeError({
      where: 'resampleOnto: displacementMm',
      got: [other.length],
      expected: `${count} numbers along each axis, one per voxel of the grid`,
    });
  }
  const Voxels = volume.data.constructor as new (length: number) => VoxelData;
  const data = interpolation === 'linear' ? new Float32Array(count) : new Voxels(count);
  const lookUp = interpolation === 'linear' ? linear : nearest;
  const [toVolume, ofMm] = [composed(inverse(volume.affine), grid.affine), inverse(volume.affine)];
  const { shape } = grid;
  const [right, front, top] = displacementMm ?? [];
  const place = (
    axis: 0 | 1 | 2,
    d: number,
    h: number,
    w: number,
    x: number,
    y: number,
    z: number,
  ): number => {
    const [row, mm] = [toVolume[axis], ofMm[axis]];
    return row[0] * d + row[1] * h + row[2] * w + row[3] + mm[0] * x + mm[1] * y + mm[2] * z;
  };
  let i = 0;
  for (let d = 0; d < shape[0]; d++) {
    for (let h = 0; h < shape[1]; h++) {
      for (let w = 0; w < shape[2]; w++, i++) {
        const x = right === undefined ? 0 : right[i]!;
        const y = front === undefined ? 0 : front[i]!;
        const z = top === undefined ? 0 : top[i]!;
        data[i] = lookUp(
          volume,
          place(0, d, h, w, x, y, z),
          place(1, d, h, w, x, y, z),
          place(2, d, h, w, x, y, z),
          fill,
        );
      }
    }
  }
  return { data, shape, spacingMm: grid.spacingMm, affine: grid.affine };
}

function nearest({ data, shape }: Volume, d: number, h: number, w: number, fill: number): number {
  // Halves go up, as everywhere.
  const [i, j, k] = [Math.floor(d + 0.5), Math.floor(h + 0.5), Math.floor(w + 0.5)];
  if (!(i >= 0 && i < shape[0] && j >= 0 && j < shape[1] && k >= 0 && k < shape[2])) return fill;
  return data[(i * shape[1] + j) * shape[2] + k]!;
}

function linear({ data, shape }: Volume, d: number, h: number, w: number, fill: number): number {
  const [depth, height, width] = shape;
  if (!(isInside(d, depth) && isInside(h, height) && isInside(w, width))) return fill;
  const [i, j, k] = [below(d, depth), below(h, height), below(w, width)];
  const [shareH, shareW] = [shareAbove(h, j, height), shareAbove(w, k, width)];
  // One row on where there is one: an axis of one voxel is read twice at its only one.
  const [nextH, nextW] = [height > 1 ? width : 0, width > 1 ? 1 : 0];
  const start = (i * height + j) * width + k;
  const first = plane(data, start, nextH, nextW, shareH, shareW);
  if (depth === 1) return first;
  const second = plane(data, start + height * width, nextH, nextW, shareH, shareW);
  const shareD = shareAbove(d, i, depth);
  return first * (1 - shareD) + second * shareD;
}

/** Rounding must not push a voxel at the very border out. */
function isInside(x: number, length: number): boolean {
  return x >= -0.5 - 1e-6 && x <= length - 0.5 + 1e-6;
}

/** The first of the two voxels around a place along one axis, and how near the second one is. */
function below(x: number, length: number): number {
  return Math.min(Math.floor(Math.min(Math.max(x, 0), length - 1)), Math.max(0, length - 2));
}

function shareAbove(x: number, first: number, length: number): number {
  return Math.min(Math.max(x, 0), length - 1) - first;
}

/** Between four voxels of one plane. */
function plane(
  data: VoxelData,
  start: number,
  nextH: number,
  nextW: number,
  shareH: number,
  shareW: number,
): number {
  const near = data[start]! * (1 - shareW) + data[start + nextW]! * shareW;
  const far = data[start + nextH]! * (1 - shareW) + data[start + nextH + nextW]! * shareW;
  return near * (1 - shareH) + far * shareH;
}

/** The affine from millimeters to indices. */
function inverse([[a, b, c, p], [d, e, f, q], [g, h, i, r]]: Affine): Affine {
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  const row = (x: number, y: number, z: number): AffineRow => {
    const [u, v, w] = [x / determinant, y / determinant, z / determinant];
    return [u, v, w, -(u * p + v * q + w * r)];
  };
  return [
    row(e * i - f * h, c * h - b * i, b * f - c * e),
    row(f * g - d * i, a * i - c * g, c * d - a * f),
    row(d * h - e * g, b * g - a * h, a * e - b * d),
  ];
}

/** First `second`, then `first`. */
function composed(first: Affine, second: Affine): Affine {
  const row = ([x, y, z, offset]: AffineRow): AffineRow => {
    const column = (i: 0 | 1 | 2 | 3) => x * second[0][i] + y * second[1][i] + z * second[2][i];
    return [column(0), column(1), column(2), column(3) + offset];
  };
  return [row(first[0]), row(first[1]), row(first[2])];
}
