import type { backend_util, Tensor4D } from '@tensorflow/tfjs-core';
import { fitAxis, interleaveZeros } from '../arrangement/rearrange.js';
import type { WindowAxis } from './geometry.js';

/** An image and the zeros that the convolution of it is to add around it. */
interface Padded {
  readonly cut: Tensor4D;
  readonly padding: backend_util.ExplicitPadding;
}

/** Zeros around height and width, left to the convolution to add; negative margins are cut off the image. */
export function withMargins(
  x: Tensor4D,
  margins: ReadonlyArray<readonly [axis: number, before: number, after: number]>,
): Padded {
  const cut = margins.reduce(
    (all, [axis, before, after]) =>
      fitAxis(all, axis, Math.min(before, 0), all.shape[axis]! + Math.min(before, 0) + Math.min(after, 0)),
    x,
  );
  const [height, width] = margins.map(([, before, after]): [number, number] => [
    Math.max(before, 0),
    Math.max(after, 0),
  ]);
  return { cut, padding: [[0, 0], height!, width!, [0, 0]] };
}

/**
 * The gradient `dy` of windows laid out so that a stride-1 convolution with the turned filter gives the gradient to their
 * input: strides put zeros between the entries.
 */
export function spreadOut(dy: Tensor4D, axes: readonly WindowAxis[]): Padded {
  const apart = axes.reduce((all, { axis, stride }) => interleaveZeros(all, axis, stride), dy);
  return withMargins(
    apart,
    axes.map(({ axis, size, window, front }) => {
      const before = window - 1 - front;
      return [axis, before, size + window - 1 - before - apart.shape[axis]!];
    }),
  );
}
