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
import { entry } from '../entry.js';
import { fitAxis, reversedSlice, sliceAxis, sumRepetitions } from './rearrange.js';

/** Folds mirrored borders back onto the entries that they mirror, one axis at a time. */
function foldMirror(dy: Tensor, { paddings, mode }: MirrorPadAttrs): Tensor {
  const gap = mode === 'reflect' ? 1 : 0;
  let folded = dy;
  for (const [axis, [before, after]] of paddings.entries()) {
    const size = folded.shape[axis]! - before - after;
    const borders = [
      { width: before, begin: 0, to: gap },
      { width: after, begin: before + size, to: size - gap - after },
    ].filter(({ width }) => width > 0);
    folded = borders.reduce(
      (inner, { width, begin, to }) =>
        add(inner, fitAxis(reversedSlice(folded, axis, begin, width), axis, to, size)),
      sliceAxis(folded, axis, before, size),
    );
  }
  return folded;
}

/** Cutting out and padding, each the other's transpose. */
export const padding = (): readonly GradConfig[] => [
  entry<SliceAttrs>(Slice, {
    save: ['x'],
    gradients: (dy, [x], { begin }) => ({
      x: () => {
        const start = typeof begin === 'number' ? [begin] : begin;
        const margins = x!.shape.map((size, axis): [number, number] => {
          const before = start[axis] ?? 0;
          return [before, size - before - dy.shape[axis]!];
        });
        return pad(dy, margins);
      },
    }),
  }),
  entry<PadV2Attrs>(PadV2, {
    save: ['x'],
    gradients: (dy, [x], { paddings }) => {
      const before = paddings.map(([front]) => front);
      return { x: () => slice(dy, before, x!.shape) };
    },
  }),
];

/** What stock tfjs has too, but wrong: mirrored borders forgotten; tiles above rank 4 refused. */
export const paddingFixes = (): readonly GradConfig[] => [
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
