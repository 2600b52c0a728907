import { requireIntegers, ValueError } from '@sshn/core';

/** A regular grid of pixels or voxels. */
export interface Grid {
  /** Pixels along each axis, the last one the fastest: `[height, width]`, `[depth, height, width]`. */
  readonly shape: readonly number[];
  /** Distance of neighbors along each axis, in mm. @default 1 each: distances are in voxels then */
  readonly spacingMm?: readonly number[];
}

/**
 * The number of voxels of a grid.
 *
 * @throws {ValueError} if a length is no positive integer, or the spacing does not fit.
 */
export function checkGrid(where: string, { shape, spacingMm }: Grid): number {
  requireIntegers(where, Object.fromEntries(shape.map((length, axis) => [`shape[${axis}]`, length])));
  const isSpacing = spacingMm?.every((step) => step > 0 && step < Infinity) ?? true;
  if (!isSpacing || (spacingMm ?? shape).length !== shape.length) {
    throw new ValueError({
      where: `${where}: spacingMm`,
      got: spacingMm,
      expected: `${shape.length} positive numbers of mm, one for each axis of shape [${shape.join(', ')}]`,
    });
  }
  return shape.reduce((product, length) => product * length, 1);
}

/** How far apart neighbors along each axis are in a flat array. */
export function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
}

/** The spacing of a grid; 1 each where it is not given. */
export function spacingOf({ shape, spacingMm }: Grid): readonly number[] {
  return spacingMm ?? shape.map(() => 1);
}

/** @throws {ValueError} if an array has not one entry for each voxel. */
export function requireVoxels(where: string, values: ArrayLike<unknown>, grid: Grid, voxels: number): void {
  if (values.length === voxels) return;
  throw new ValueError({
    where,
    got: values.length,
    expected: `${voxels} entries for shape [${grid.shape.join(', ')}]`,
  });
}
