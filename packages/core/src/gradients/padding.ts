import {
  add,
  type GradConfig,
  MirrorPad,
  type MirrorPadAttrs,
  PadV2,
  type PadV2Attrs,
  pad,
  reshape,
  Slice,
  type SliceAttrs,
  slice,
  type Tensor,
  Tile,
  type TileAttrs,
} from '@tensorflow/tfjs-core';
import { entry } from './entry.js';
import { reversedSlice, sliceAxis, sumRepetitions } from './rearrange.js';

/** Folds mirrored borders back onto the entries that they mirror, one axis at a time. */
function foldMirror(dy: Tensor, { paddings, mode }: MirrorPadAttrs): Tensor {
  const gap = mode === 'reflect' ? 1 : 0;
  let folded = dy;
  for (const [axis, [before, after]] of paddings.entries()) {
    const size = folded.shape[axis]! - before - after;
    const widened = (x: Tensor, front: number): Tensor =>
      pad(
        x,
        x.shape.map((n, i) => (i === axis ? [front, size - front - n] : [0, 0])),
      );
    let inner = sliceAxis(folded, axis, before, size);
    if (before > 0) inner = add(inner, widened(reversedSlice(folded, axis, 0, before), gap));
    if (after > 0) {
      inner = add(inner, widened(reversedSlice(folded, axis, before + size, after), size - gap - after));
    }
    folded = inner;
  }
  return folded;
}

/** Cutting out and padding, each the other's transpose. */
export const padding: readonly GradConfig[] = [
  entry<SliceAttrs>(Slice, {
    save: ['x'],
    gradients: (dy, [x], { begin }) => ({
      x: () => {
        const start = typeof begin === 'number' ? [begin] : begin;
        return pad(
          dy,
          x!.shape.map((size, axis) => {
            const before = start[axis] ?? 0;
            return [before, size - before - dy.shape[axis]!];
          }),
        );
      },
    }),
  }),
  entry<PadV2Attrs>(PadV2, {
    save: ['x'],
    gradients: (dy, [x], { paddings }) => ({
      x: () =>
        slice(
          dy,
          paddings.map(([before]) => before),
          x!.shape,
        ),
    }),
  }),
];

/** What stock tfjs has too, but wrong: mirrored borders forgotten; tiles above rank 4 refused. */
export const paddingFixes: readonly GradConfig[] = [
  entry<MirrorPadAttrs>(MirrorPad, {
    gradients: (dy, _, attributes) => ({ x: () => foldMirror(dy, attributes) }),
  }),
  entry<TileAttrs>(Tile, {
    save: ['x'],
    gradients: (dy, [x], { reps }) => ({
      x: () =>
        reshape(
          reps.reduce((sum, times, axis) => sumRepetitions(sum, axis, times), dy),
          x!.shape,
        ),
    }),
  }),
];
