import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from './device-programs.js';

/** The head of a program: its buffers, `name: array<type>`, inputs first, and the scalars of its uniform struct, as `args`. */
export function declarations(
  inputs: readonly string[],
  outputs: readonly string[],
  args: { readonly integers: readonly string[]; readonly floats?: readonly string[] },
): string {
  const buffer = (text: string, binding: number, access: string) => {
    const [name, type = 'f32'] = text.split(': ');
    return `@group(0) @binding(${binding}) var<storage, ${access}> ${name}: array<${type}>;`;
  };
  const scalars = [
    ...args.integers.map((name) => `${name}: u32`),
    ...(args.floats ?? []).map((name) => `${name}: f32`),
  ];
  return [
    ...inputs.map((text, i) => buffer(text, i, 'read')),
    ...outputs.map((text, i) => buffer(text, inputs.length + i, 'read_write')),
    `struct Args { ${scalars.join(', ')} };`,
    `@group(0) @binding(${inputs.length + outputs.length}) var<uniform> args: Args;`,
  ].join('\n');
}

/** Threads of a workgroup that go through a list. */
export const LINE = 256;

/** Opens an entry point with one thread for each of `args.count` elements, `index`; see `groupsFor`. */
export const mainPerElement = `
@compute @workgroup_size(${LINE})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32) {
  let index = (group.y * groups.x + group.x) * ${LINE}u + local;
  if (index >= args.count) { return; }`;

/** Workgroups for a thread each of `count` elements, in as many rows as the device needs. */
export function groupsFor(count: number, most: number): readonly [number, number, number] {
  const groups = Math.max(1, Math.ceil(count / LINE));
  const rows = Math.ceil(groups / most);
  return [Math.ceil(groups / rows), rows, 1];
}

/** How many numbers a shape holds. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, edge) => product * edge, 1);
}

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
