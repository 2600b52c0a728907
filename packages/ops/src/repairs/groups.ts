import { util } from '@tensorflow/tfjs-core';

/** Neighboring axes that are treated alike, as `[first, end)`. */
export type Group = readonly [first: number, end: number];

/** Runs of axes of which `belongs(axis)` says that it goes with the axis before it. */
export function groupAxes(rank: number, belongs: (axis: number) => boolean): Group[] {
  const firsts = Array.from({ length: rank }, (_, axis) => axis).filter(
    (axis) => axis === 0 || !belongs(axis),
  );
  return firsts.map((first, i) => [first, firsts[i + 1] ?? rank]);
}

/** A shape with each group as one axis. */
export function groupedShape(shape: readonly number[], groups: readonly Group[]): number[] {
  return groups.map(([first, end]) => util.sizeFromShape(shape.slice(first, end)));
}
