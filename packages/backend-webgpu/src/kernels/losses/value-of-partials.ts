import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from '../dispatch/device-programs.js';
import { declarations, LINE, sizeOf } from '../dispatch/wgsl.js';
import { sumOfGroup } from './sum-of-group.js';

const program: Program = {
  name: 'value of partial sums',
  code: () => `${declarations(['partials'], ['value'], { integers: ['count'], floats: ['offset', 'scale'] })}
${sumOfGroup}
@compute @workgroup_size(${LINE})
fn main(@builtin(local_invocation_index) local: u32) {
  var mine = 0.0;
  for (var at = local; at < args.count; at += ${LINE}u) { mine += partials[at]; }
  let sum = sumOfGroup(mine, local);
  if (local == 0u) { value[0] = args.offset + args.scale * sum; }
}`,
};

/** `offset + scale · Σ partials`, [], always summed in one order; frees the partial sums. */
export function valueOfPartials(
  device: DevicePrograms,
  partials: TensorInfo,
  { offset = 0, scale }: { readonly offset?: number; readonly scale: number },
): TensorInfo {
  const value = device.output([]);
  device.run(program, {
    tensors: [partials, value],
    integers: [sizeOf(partials.shape)],
    floats: [offset, scale],
    groups: [1, 1, 1],
  });
  device.dispose(partials);
  return value;
}
