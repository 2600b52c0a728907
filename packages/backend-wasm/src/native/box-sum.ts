import type { TensorInfo } from '@tensorflow/tfjs-core';

import { sizeOf } from './geometry.js';
import type { NativeModule } from './module.js';

/** Size of `BoxSumArgs` of `assembly/box-sum.ts`, in bytes. */
const BOX_SUM_ARGS_BYTES = 8 * 4;

/** `PIECE` of `assembly/box-sum.ts`. */
const PIECE = 256;

/**
 * At every voxel the sum over the window around it, cropped at the border: one axis after the other, each with running sums
 * in double precision.
 *
 * x `[batch, ...spatial, channels]`, result of the same shape.
 */
export function boxSum(native: NativeModule, x: TensorInfo, window: number): TensorInfo {
  const y = native.output(x.shape);
  const axes = x.shape.slice(1, -1).map((_, i) => i + 1);
  const at = native.reserve({
    args: BOX_SUM_ARGS_BYTES,
    scratch: native.threads * PIECE * 8,
    between: axes.length < 2 ? 0 : sizeOf(x.shape) * 4,
  });
  let from = native.address(x);
  for (const [i, axis] of axes.entries()) {
    // The last axis writes the result, those before it turn by turn that and the scratch.
    const to = (axes.length - i) % 2 === 1 ? native.address(y) : at.between;
    const inner = sizeOf(x.shape.slice(axis + 1));
    const outer = sizeOf(x.shape.slice(0, axis));
    const pieces = Math.ceil(inner / PIECE);
    const reach = Math.min((window - 1) / 2, x.shape[axis]!);
    native.words().set([from, to, outer, x.shape[axis]!, inner, reach, pieces, at.scratch], at.args >>> 2);
    native.run('boxSum', at.args, outer * pieces);
    from = to;
  }
  return y;
}
