import { dispatch } from '@sshn/ops';
import { add, pad, reshape, slice, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { spatialAxes } from './inputs.js';

/**
 * At every voxel the sum over the window around it, an odd number of voxels wide along every spatial axis; beyond the
 * border there is nothing to add.
 *
 * `[batch, ...spatial, channels]` to the same shape, in time linear in the voxels. The operator is its own transpose: the
 * gradient of a box sum is the box sum of the gradient. The result carries no gradient of its own.
 */
export function boxSum(x: Tensor, window: number): Tensor {
  return dispatch('SshnBoxSum', { x }, { window }, () => tidy(() => composed(x, window)));
}

function composed(x: Tensor, window: number): Tensor {
  return spatialAxes(x).reduce((sum, axis) => sumAlong(sum, axis, window), x);
}

/** Running sums of one axis, by doubling: sums of 1, 2, 4, … neighbors add up to any window in log₂ steps. */
function sumAlong(x: Tensor, axis: number, window: number): Tensor {
  const length = x.shape[axis]!;
  const outer = product(x.shape.slice(0, axis));
  const inner = product(x.shape.slice(axis + 1));
  // More reach than the axis is long adds nothing.
  const reach = Math.min((window - 1) / 2, length - 1);
  const padded = pad(reshape(x, [outer, length, inner]), [
    [0, 0],
    [reach, reach],
    [0, 0],
  ]);
  const from = (sums: Tensor, start: number) => slice(sums, [0, start, 0], [outer, length, inner]);

  let total: Tensor | undefined;
  let sums: Tensor = padded;
  let done = 0;
  for (let width = 1, rest = 2 * reach + 1; rest > 0; width *= 2, rest = Math.floor(rest / 2)) {
    if (width > 1) {
      const count = sums.shape[1]! - width / 2;
      const near = slice(sums, [0, 0, 0], [outer, count, inner]);
      sums = add(near, slice(sums, [0, width / 2, 0], [outer, count, inner]));
    }
    if (rest % 2 === 1) {
      const part = from(sums, done);
      total = total === undefined ? part : add(total, part);
      done += width;
    }
  }
  return reshape(total!, x.shape);
}

function product(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}
