import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from './device-programs.js';
import { groupsFor, sizeOf } from './wgsl.js';

/** Runs a program that opens with `mainPerElement` for each element of `output`; `args.count` comes before `integers`. */
export function forEachElement(
  device: DevicePrograms,
  program: Program,
  {
    inputs,
    output,
    integers = [],
    floats = [],
  }: {
    readonly inputs: readonly TensorInfo[];
    readonly output: TensorInfo;
    readonly integers?: readonly number[];
    readonly floats?: readonly number[];
  },
): TensorInfo {
  const count = sizeOf(output.shape);
  device.run(program, {
    tensors: [...inputs, output],
    integers: [count, ...integers],
    floats,
    groups: groupsFor(count, device.mostGroups),
  });
  return output;
}

/** Whether a number is none: by its bits, as a compiler may take all numbers for finite. */
export const isNan = `
fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }`;
