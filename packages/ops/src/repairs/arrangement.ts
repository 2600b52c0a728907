import {
  type MirrorPadAttrs,
  type PadV2Attrs,
  type StridedSliceAttrs,
  slice_util,
  type TensorInfo,
  type TileAttrs,
  type TransposeAttrs,
  util,
} from '@tensorflow/tfjs-core';
import { groupAxes, groupedShape } from './groups.js';
import { isSmall, mostAxes, type Repair, type Work } from './work.js';

/** `x.shape` with another size along one axis. */
const resized = (x: TensorInfo, axis: number, size: number): number[] =>
  x.shape.map((n, i) => (i === axis ? size : n));

/** Padding, whatever with: axis by axis, as three axes. */
export const pad: Repair<PadV2Attrs | MirrorPadAttrs> = ({ x }, attrs) =>
  isSmall(x!)
    ? undefined
    : (work) =>
        attrs.paddings.reduce(
          (all, [before, behind], axis) => {
            if (before === 0 && behind === 0) return all;
            const paddings = [
              [0, 0],
              [before, behind],
              [0, 0],
            ];
            const padded = work.run({ x: work.around(all, axis) }, { ...attrs, paddings });
            return work.reshape(padded, resized(all, axis, all.shape[axis]! + before + behind));
          },
          work.reshape(x!, x!.shape),
        );

/** Repetitions along one axis are those of all that is from it on: a matrix is repeated along its rows. */
export const tile: Repair<TileAttrs> = ({ x }, { reps }) =>
  isSmall(x!)
    ? undefined
    : (work) =>
        reps.reduce(
          (all, times, axis) => {
            if (times === 1) return all;
            const rows = work.reshape(all, [util.sizeFromShape(all.shape.slice(0, axis)), rest(all, axis)]);
            const repeated = work.run({ x: rows }, { reps: [1, times] });
            return work.reshape(repeated, resized(all, axis, all.shape[axis]! * times));
          },
          work.reshape(x!, x!.shape),
        );

const rest = (x: TensorInfo, axis: number): number => util.sizeFromShape(x.shape.slice(axis));

/** Axes that stay together move as one; where those are still too many, one after the other moves to its place. */
export const transpose: Repair<TransposeAttrs> = ({ x }, { perm }) =>
  isSmall(x!)
    ? undefined
    : (work) => {
        const groups = groupAxes(perm.length, (at) => perm[at] === perm[at - 1]! + 1);
        const byInput = groups.map(([first]) => perm[first]!).sort((a, b) => a - b);
        const order = groups.map(([first]) => byInput.indexOf(perm[first]!));
        const shape = groupedShape(
          x!.shape,
          byInput.map((first, i) => [first, byInput[i + 1] ?? perm.length]),
        );
        const moved = transposed(work, work.reshape(x!, shape), order);
        return work.reshape(
          moved,
          perm.map((axis) => x!.shape[axis]!),
        );
      };

function transposed(work: Work, x: TensorInfo, order: readonly number[]): TensorInfo {
  if (order.length <= mostAxes) return work.run({ x }, { perm: [...order] });
  const axes = order.map((_, axis) => axis);
  let all = x;
  order.forEach((axis, to) => {
    const from = axes.indexOf(axis);
    if (from === to) return;
    const size = (begin: number, end: number) => util.sizeFromShape(all.shape.slice(begin, end));
    const apart = work.reshape(all, [size(0, to), size(to, from), all.shape[from]!, rest(all, from + 1)]);
    const shape = [...all.shape];
    shape.splice(to, 0, ...shape.splice(from, 1));
    axes.splice(to, 0, ...axes.splice(from, 1));
    all = work.reshape(work.run({ x: apart }, { perm: [0, 2, 1, 3] }), shape);
  });
  return all;
}

/** Axis by axis; backwards the stock kernel has to do. */
export const stridedSlice: Repair<StridedSliceAttrs> = ({ x }, attrs) => {
  const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attrs;
  if (isSmall(x!)) return undefined;
  const masks = [beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask] as const;
  const info = slice_util.sliceInfo(x!.shape, begin, end, strides, ...masks);
  if (info.strides.some((stride) => stride < 0) || info.finalShapeSparse.includes(0)) return undefined;
  return (work) => {
    const sliced = info.strides.reduce(
      (all, stride, axis) => {
        const [from, to] = [info.begin[axis]!, info.end[axis]!];
        if (stride === 1 && from === 0 && to === all.shape[axis]) return all;
        const lines = work.around(all, axis);
        const [outer, , inner] = lines.shape as [number, number, number];
        const part = work.run(
          { x: lines },
          {
            begin: [0, from, 0],
            end: [outer, to, inner],
            strides: [1, stride, 1],
            beginMask: 0,
            endMask: 0,
            ellipsisMask: 0,
            newAxisMask: 0,
            shrinkAxisMask: 0,
          },
        );
        return work.reshape(part, resized(all, axis, part.shape[1]!));
      },
      work.reshape(x!, x!.shape),
    );
    return work.reshape(sliced, info.finalShape);
  };
};
