/** Images and fields in float64 and with plain loops, to test against: values in memory order, with their shape. */
export interface Grid {
  /** `[...spatial]` */
  readonly size: readonly number[];
  readonly values: ArrayLike<number>;
}

/** Every position of a grid, in memory order. */
export function positions(size: readonly number[]): number[][] {
  return size.reduce<number[][]>(
    (all, length) => all.flatMap((head) => Array.from({ length }, (_, i) => [...head, i])),
    [[]],
  );
}

/** The index in memory of a position. */
export function indexOf(size: readonly number[], position: readonly number[]): number {
  return position.reduce((index, i, axis) => index * size[axis]! + i, 0);
}

/** Indices of the voxels in the window around a position, cropped at the border. */
export function windowAround(size: readonly number[], center: readonly number[], window: number): number[] {
  const reach = (window - 1) / 2;
  return positions(size)
    .filter((position) => position.every((i, axis) => Math.abs(i - center[axis]!) <= reach))
    .map((position) => indexOf(size, position));
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** Cross-correlation and variances of two lists, as sums of products of deviations. */
export function moments(a: readonly number[], b: readonly number[]): { ab: number; aa: number; bb: number } {
  const [meanA, meanB] = [meanOf(a), meanOf(b)];
  const product = (x: readonly number[], mx: number, y: readonly number[], my: number) =>
    x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0);
  return {
    ab: product(a, meanA, b, meanB),
    aa: product(a, meanA, a, meanA),
    bb: product(b, meanB, b, meanB),
  };
}
