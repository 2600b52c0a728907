import { ShapeError } from '@sshn/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** Checks two images `[batch, ...spatial, channels]` of one shape. @throws {ShapeError} if they are not. */
export function checkPair(where: string, moved: Tensor, fixed: Tensor): void {
  if (moved.rank < 3 || moved.size === 0) {
    throw new ShapeError({
      where: `${where}: moved image`,
      got: moved.shape,
      expected: '[batch, ...spatial, channels] without an empty axis',
    });
  }
  if (moved.shape.join() !== fixed.shape.join()) {
    throw new ShapeError({
      where: `${where}: fixed image`,
      got: fixed.shape,
      expected: `[${moved.shape.join(', ')}], as the moved image`,
      hint: 'Resample one onto the grid of the other.',
    });
  }
}

/** The axes of `[batch, ...spatial, channels]` that are space: 1, 2, … */
export function spatialAxes(x: Tensor): number[] {
  return Array.from({ length: x.rank - 2 }, (_, i) => i + 1);
}
