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
 * A volume on the grid of another one, in the same place in the body: each voxel of the grid is brought to millimeters by
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
  let i = 0;
  for (let d = 0; d < shape[0]; d++) {
    for (let h = 0; h < shape[1]; h++) {
      for (let w = 0; w < shape[2]; w++, i++) {
        const x = displacementMm === undefined ? 0 : displacementMm[0][i]!;
        const y = displacementMm === undefined ? 0 : displacementMm[1][i]!;
        const z = displacementMm === undefined ? 0 : displacementMm[2][i]!;
        const at = (axis: 0 | 1 | 2): number => {
          const [row, mm] = [toVolume[axis], ofMm[axis]];
          return row[0] * d + row[1] * h + row[2] * w + row[3] + mm[0] * x + mm[1] * y + mm[2] * z;
        };
        data[i] = lookUp(volume, at(0), at(1), at(2), fill);
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
  // Rounding must not push a voxel at the very border out.
  const within = (x: number, length: number) => x >= -0.5 - 1e-6 && x <= length - 0.5 + 1e-6;
  if (!(within(d, depth) && within(h, height) && within(w, width))) return fill;
  const [d0, d1, fd] = neighbors(d, depth);
  const [h0, h1, fh] = neighbors(h, height);
  const [w0, w1, fw] = neighbors(w, width);
  const row = (i: number, j: number): number => {
    const start = (i * height + j) * width;
    return data[start + w0]! * (1 - fw) + data[start + w1]! * fw;
  };
  const plane = (i: number): number => row(i, h0) * (1 - fh) + row(i, h1) * fh;
  return plane(d0) * (1 - fd) + plane(d1) * fd;
}

/** The voxels around a place along one axis, and how near the second one is. */
function neighbors(x: number, length: number): readonly [below: number, above: number, share: number] {
  const inside = Math.min(Math.max(x, 0), length - 1);
  const below = Math.min(Math.floor(inside), Math.max(0, length - 2));
  return [below, Math.min(below + 1, length - 1), inside - below];
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
