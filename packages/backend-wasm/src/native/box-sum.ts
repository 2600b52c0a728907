import type { TensorInfo } from '@tensorflow/tfjs-core';

import { sizeOf } from './geometry.js';
import type { NativeModule } from './module.js';

/** Size of `BoxSumArgs` of `assembly/box-sum.ts`, in bytes. */
const BOX_SUM_ARGS_BYTES = 8 * 4;

/** `PIECE` of `assembly/box-sum.ts`. */
const PIECE = 256;

/** Bytes of scratch that `sumAxes` asks for. */
export function boxSumScratch(native: NativeModule) {
  return { boxArgs: BOX_SUM_ARGS_BYTES, boxSums: native.threads * PIECE * 8 };
}

/**
 * At every voxel the sum over the window around it, cropped at the border: one axis after the other, each with running sums
 * in double precision.
 *
 * x `[batch, ...spatial, channels]`, result of the same shape.
 */
export function boxSum(native: NativeModule, x: TensorInfo, window: number): TensorInfo {
  const y = native.output(x.shape);
  const axes = x.shape.length - 2;
  const at = native.reserve({ ...boxSumScratch(native), between: axes < 2 ? 0 : sizeOf(x.shape) * 4 });
  // The last axis writes the result, those before it turn by turn that and the scratch.
  const to = Array.from({ length: axes }, (_, i) => ((axes - i) % 2 === 1 ? native.address(y) : at.between));
  sumAxes(native, { shape: x.shape, window, addresses: [native.address(x), ...to], ...at });
  return y;
}

/** Sums over windows along one spatial axis after the other, from each address to the next; none twice in a row. */
export function sumAxes(
  native: NativeModule,
  {
    shape,
    window,
    addresses,
    boxArgs,
    boxSums,
  }: {
    readonly shape: readonly number[];
    readonly window: number;
    readonly addresses: readonly number[];
    readonly boxArgs: number;
    readonly boxSums: number;
  },
): void {
  for (let axis = 1; axis < shape.length - 1; axis++) {
    const [from, to] = addresses.slice(axis - 1, axis + 1) as [number, number];
    const inner = sizeOf(shape.slice(axis + 1));
    const outer = sizeOf(shape.slice(0, axis));
    const pieces = Math.ceil(inner / PIECE);
    const reach = Math.min((window - 1) / 2, shape[axis]!);
    native.words().set([from, to, outer, shape[axis]!, inner, reach, pieces, boxSums], boxArgs >>> 2);
    native.run('boxSum', boxArgs, outer * pieces);
  }
}
