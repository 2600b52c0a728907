import { backend_util, type KernelFunc, slice_util, type TensorInfo, util } from '@tensorflow/tfjs-core';

import type { NativeModule } from '../module.js';
import { concat } from './concat.js';
import { slice } from './slice.js';
import { split } from './split.js';

/** Our version of a tfjs kernel; `previous` is the one that stood there. */
type Make = (native: NativeModule, previous: KernelFunc | undefined) => KernelFunc;

/** Kernels of tfjs that only move data, by name; what they do not cover (strings, mixed types) is left to `previous`. */
export const copyKernels: ReadonlyMap<string, Make> = new Map<string, Make>([
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
