import { type TensorInfo, util } from '@tensorflow/tfjs-core';

import { sizeOf } from '../geometry.js';
import type { NativeModule } from '../module.js';
import { copyRuns } from './copy-runs.js';

/** A tensor cut along `axis` into pieces of the given lengths, which sum to the length of the axis. */
export function split(
  native: NativeModule,
  x: TensorInfo,
  lengths: readonly number[],
  axis: number,
): TensorInfo[] {
  const runs = sizeOf(x.shape.slice(0, axis));
  const unit = sizeOf(x.shape.slice(axis + 1)) * util.bytesPerElement(x.dtype);
  let begin = 0;
  return lengths.map((length) => {
    const shape = x.shape.with(axis, length);
    if (length === x.shape[axis]) return native.share(x, shape);
    const out = native.output(shape, x.dtype);
    const from = native.address(x) + begin * unit;
    const bytes = length * unit;
    const to = native.address(out);
    copyRuns(native, { from, fromStride: x.shape[axis]! * unit, to, toStride: bytes, bytes, runs });
    begin += length;
    return out;
  });
}
