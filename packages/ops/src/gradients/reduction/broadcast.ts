import { matMul, ones, reshape, sum, type Tensor, type Tensor2D, util, zeros } from '@tensorflow/tfjs-core';

/** Transposes a broadcast: sums `dy` over the axes along which `shape` was stretched. */
export function sumTo(dy: Tensor, shape: readonly number[]): Tensor {
  const added = dy.rank - shape.length;
  const stretched = dy.shape.flatMap((size, axis) =>
    axis < added || size !== shape[axis - added] ? [axis] : [],
  );
  if (stretched.length === 0) return reshape(dy, [...shape]);
  const areLeading = stretched.every((axis, i) => axis === i);
  if (!areLeading) return reshape(sum(dy, stretched), [...shape]);
  const [rows, columns] = [dy.shape.slice(0, stretched.length), dy.shape.slice(stretched.length)];
  return reshape(sumRows(reshape(dy, [util.sizeFromShape(rows), util.sizeFromShape(columns)])), [...shape]);
}

/** Sums `[rows, columns]` to `[columns]`, as a product with ones: on wasm 60 times faster than `sum` over the first axis. */
export function sumRows(x: Tensor): Tensor {
  const [rows, columns] = x.shape as [number, number];
  if (rows === 0 || columns === 0) return zeros([columns]);
  return reshape(matMul(ones([1, rows]), x as Tensor2D), [columns]);
}

/** The shape with `axes` (all of them if undefined, negative ones from the back) reduced to 1. */
export function keptShape(
  shape: readonly number[],
  axes: number | readonly number[] | null | undefined,
): number[] {
  const reduced = reducedAxes(shape.length, axes);
  return shape.map((size, axis) => (reduced.includes(axis) ? 1 : size));
}

/** The axes of a reduction as a list of numbers from 0 to rank − 1. */
export function reducedAxes(rank: number, axes: number | readonly number[] | null | undefined): number[] {
  if (axes === undefined || axes === null) return Array.from({ length: rank }, (_, axis) => axis);
  return (typeof axes === 'number' ? [axes] : axes).map((axis) => fromFront(axis, rank));
}

/** An axis counted from the front. */
export function fromFront(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
