import { type TensorInfo, util } from '@tensorflow/tfjs-core';

import { sizeOf } from '../geometry.js';
import type { NativeModule } from '../module.js';
import { copyRuns } from './copy-runs.js';

/** One axis of a box: `length` positions of which `size` are taken from `begin` on. */
interface Span {
  readonly length: number;
  readonly begin: number;
  readonly size: number;
}

/** The box of `size` that begins at `begin`. */
export function slice(
  native: NativeModule,
  x: TensorInfo,
  begin: readonly number[],
  size: readonly number[],
): TensorInfo {
  if (size.every((length, axis) => length === x.shape[axis])) return native.share(x, x.shape);
  const out = native.output(size, x.dtype);
  if (sizeOf(size) === 0) return out;
  const unit = util.bytesPerElement(x.dtype);
  const spans = merged(x.shape.map((length, axis) => ({ length, begin: begin[axis]!, size: size[axis]! })));
  const run = spans.pop()!;
  const rows = spans.pop() ?? { length: 1, begin: 0, size: 1 };
  const bytes = run.size * unit;
  const fromStride = run.length * unit;
  const outBytes = rows.size * bytes;
  let to = native.address(out);
  for (const box of boxes(spans)) {
    const from = native.address(x) + ((box * rows.length + rows.begin) * run.length + run.begin) * unit;
    copyRuns(native, { from, fromStride, to, toStride: bytes, bytes, runs: rows.size });
    to += outBytes;
  }
  return out;
}

/** The same box with each axis that is taken whole joined to the one before it. */
function merged(spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const span of spans) {
    const last = result.at(-1);
    if (last === undefined || span.size < span.length) result.push(span);
    else {
      const { length } = span;
      const wider = { length: last.length * length, begin: last.begin * length, size: last.size * length };
      result[result.length - 1] = wider;
    }
  }
  return result;
}

/** Flat indices, in order, of the positions of a box. */
function boxes(spans: readonly Span[]): number[] {
  return spans.reduce<number[]>(
    (outer, { length, begin, size }) =>
      outer.flatMap((index) => Array.from({ length: size }, (_, i) => index * length + begin + i)),
    [0],
  );
}
