import { backend_util, slice_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type MakeKernel, type NativeModule, sizeOf } from './module.js';

/** Bytes that one task moves, about. */
const BYTES_PER_TASK = 1 << 18;

/** Runs of `bytes` each; addresses and strides are in bytes. */
interface Runs {
  readonly from: number;
  readonly fromStride: number;
  readonly to: number;
  readonly toStride: number;
  readonly bytes: number;
  readonly runs: number;
}

/** Copies runs of bytes from one place to another, each with its own distance between runs. */
function copyRuns(native: NativeModule, { from, fromStride, to, toStride, bytes, runs }: Runs): void {
  if (bytes * runs === 0) return;
  const grain = Math.ceil(BYTES_PER_TASK / bytes);
  const values = { from, fromStride, to, toStride, bytes, runs, grain };
  native.start('copyRuns', values, Math.ceil(runs / grain));
}

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

/** One axis of a box: `length` positions of which `size` are taken from `begin` on. */
interface Span {
  readonly length: number;
  readonly begin: number;
  readonly size: number;
}

/** The box of `size` that begins at `begin`. */
function slice(
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

/** Kernels of tfjs that only move data, by name; what they do not cover (strings, mixed types) is left to `previous`. */
export const copyKernels: ReadonlyMap<string, MakeKernel> = new Map<string, MakeKernel>([
  [
    // Every clone, and so every tensor that the tape saves, is an Identity.
    'Identity',
    (native) =>
      ({ inputs: { x } }) =>
        native.share(x!, x!.shape),
  ],
  [
    'Concat',
    (native, previous) => (call) => {
      const parts = Object.values(call.inputs) as TensorInfo[];
      if (previous !== undefined && !areCovered(parts)) return previous(call);
      const shapes = parts.map(({ shape }) => shape);
      const axis = util.parseAxisParam(call.attrs!.axis as number, shapes[0]!)[0]!;
      backend_util.assertParamsConsistent(shapes, axis);
      return concat(native, parts, axis);
    },
  ],
  [
    'SplitV',
    (native, previous) => (call) => {
      const x = call.inputs.x!;
      if (previous !== undefined && !areCovered([x])) return previous(call);
      const axis = util.parseAxisParam(call.attrs!.axis as number, x.shape)[0]!;
      const sizes = call.attrs!.numOrSizeSplits as number | number[];
      return split(native, x, backend_util.prepareSplitSize(x, sizes, axis), axis);
    },
  ],
  [
    'Slice',
    (native, previous) => (call) => {
      const x = call.inputs.x!;
      if (previous !== undefined && !areCovered([x])) return previous(call);
      const { begin, size } = call.attrs as unknown as Record<'begin' | 'size', number | number[]>;
      const [from, lengths] = slice_util.parseSliceParams(x, begin, size) as [number[], number[]];
      return slice(native, x, from, lengths);
    },
  ],
]);

/** Whether the tensors lie in the heap as plain numbers of one type. */
function areCovered(tensors: readonly TensorInfo[]): boolean {
  const { dtype } = tensors[0]!;
  return dtype !== 'string' && dtype !== 'complex64' && tensors.every((tensor) => tensor.dtype === dtype);
}
