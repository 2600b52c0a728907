import { type TensorInfo, util } from '@tensorflow/tfjs-core';

import { sizeOf } from '../geometry.js';
import type { NativeModule } from '../module.js';
import { copyRuns } from './copy-runs.js';

/** Tensors of one type joined along `axis`, along the other axes they agree. */
export function concat(native: NativeModule, parts: readonly TensorInfo[], axis: number): TensorInfo {
  const { shape, dtype } = parts[0]!;
  const length = parts.reduce((sum, part) => sum + part.shape[axis]!, 0);
  const outShape = shape.with(axis, length);
  const filled = parts.filter((part) => sizeOf(part.shape) > 0);
  if (filled.length === 1) return native.share(filled[0]!, outShape);
  const out = native.output(outShape, dtype);
  const runs = sizeOf(shape.slice(0, axis));
  const unit = sizeOf(shape.slice(axis + 1)) * util.bytesPerElement(dtype);
  let to = native.address(out);
  for (const part of filled) {
    const bytes = part.shape[axis]! * unit;
    const from = native.address(part);
    copyRuns(native, { from, fromStride: bytes, to, toStride: length * unit, bytes, runs });
    to += bytes;
  }
  return out;
}
