import { backend_util, type KernelFunc, type Tensor, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from './device-programs.js';
import { declarations, groupsFor, mainPerElement, sizeOf } from './wgsl.js';

/** The most parts of one program: it binds a tensor besides them, and eight at the least. */
const MOST_PARTS = 4;

/** Copies a part of each run of `width` values: `size` of them from `first` on. Bits are copied, whatever they mean. */
const program = (parts: number): Program => {
  const all = Array.from({ length: parts }, (_, i) => i);
  const copies = all.map(
    (i) => `if (at >= args.first${i} && at < args.first${i} + args.size${i}) {
    part${i}[run * args.size${i} + at - args.first${i}] = x[index];
  }`,
  );
  return {
    name: `split, ${parts}`,
    code: () => `${declarations(
      ['x: u32'],
      all.map((i) => `part${i}: u32`),
      { integers: ['count', 'width', ...all.flatMap((i) => [`first${i}`, `size${i}`])] },
    )}
${mainPerElement}
  let run = index / args.width;
  let at = index % args.width;
  ${copies.join('\n  ')}
}`,
  };
};

/** tfjs' kernel `SplitV` with several parts in a program; `stock`, which cuts each by itself, for other types and for no values. */
export function splitKernel(device: DevicePrograms, stock: KernelFunc): KernelFunc {
  return (call) => {
    const x = call.inputs.x as TensorInfo;
    const { numOrSizeSplits, axis } = call.attrs as { numOrSizeSplits: number | number[]; axis: number };
    const at = util.parseAxisParam(axis, x.shape)[0]!;
    const sizes = backend_util.prepareSplitSize(x as Tensor, numOrSizeSplits, at);
    const isHeldAsNumbers = ['float32', 'int32'].includes(x.dtype);
    if (!isHeldAsNumbers || sizeOf(x.shape) === 0 || sizes.includes(0)) return stock(call);
    return split(device, x, sizes, at);
  };
}

/** The parts of a tensor along an axis, of these sizes. */
function split(device: DevicePrograms, x: TensorInfo, sizes: readonly number[], axis: number): TensorInfo[] {
  const inner = sizeOf(x.shape.slice(axis + 1));
  let first = 0;
  const parts = sizes.map((size) => {
    const part = {
      first: first * inner,
      size: size * inner,
      out: device.output([...x.shape.slice(0, axis), size, ...x.shape.slice(axis + 1)], x.dtype),
    };
    first += size;
    return part;
  });
  const count = sizeOf(x.shape);
  for (let from = 0; from < parts.length; from += MOST_PARTS) {
    const some = parts.slice(from, from + MOST_PARTS);
    device.run(program(some.length), {
      tensors: [x, ...some.map(({ out }) => out)],
      integers: [count, x.shape[axis]! * inner, ...some.flatMap((part) => [part.first, part.size])],
      groups: groupsFor(count, device.mostGroups),
    });
  }
  return parts.map(({ out }) => out);
}
