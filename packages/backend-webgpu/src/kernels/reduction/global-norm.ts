import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from '../dispatch/device-programs.js';
import { declarations, LINE, sizeOf } from '../dispatch/wgsl.js';

/** Tensors of one dispatch: a program may bind eight buffers, one of them the result. */
const TENSORS = 6;
/** Workgroups for each tensor. */
const GROUPS = 64;

const squares: Program = {
  name: 'squares of tensors',
  code: () => {
    const names = Array.from({ length: TENSORS }, (_, i) => `x${i}`);
    const read = names.map((name, i) => `case ${i}u: { return ${name}[at]; }`).join(' ');
    const counts = names.map((_, i) => `case ${i}u: { return args.count${i}; }`).join(' ');
    return `${declarations(names, ['out'], { integers: ['first', ...names.map((_, i) => `count${i}`)] })}
fn value(tensor: u32, at: u32) -> f32 { switch (tensor) { ${read} default: { return 0.0; } } }
fn countOf(tensor: u32) -> u32 { switch (tensor) { ${counts} default: { return 0u; } } }
var<workgroup> sums: array<f32, ${LINE}>;
@compute @workgroup_size(${LINE})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let count = countOf(group.y);
  var sum = 0.0;
  for (var at = group.x * ${LINE}u + local; at < count; at += ${GROUPS * LINE}u) {
    let x = value(group.y, at);
    sum += x * x;
  }
  sums[local] = sum;
  for (var half = ${LINE / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local < half) { sums[local] += sums[local + half]; }
  }
  if (local == 0u) { out[args.first + group.y * ${GROUPS}u + group.x] = sums[0]; }
}`;
  },
};

const root: Program = {
  name: 'root of sum',
  code: () => `${declarations(['x'], ['out'], { integers: ['count'] })}
var<workgroup> sums: array<f32, ${LINE}>;
@compute @workgroup_size(${LINE})
fn main(@builtin(local_invocation_index) local: u32) {
  var sum = 0.0;
  for (var at = local; at < args.count; at += ${LINE}u) { sum += x[at]; }
  sums[local] = sum;
  for (var half = ${LINE / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local < half) { sums[local] += sums[local + half]; }
  }
  if (local == 0u) { out[0] = sqrt(sums[0]); }
}`,
};

/** The Euclidean norm of all entries of all tensors together. Deterministic. */
export function globalNorm(device: DevicePrograms, tensors: readonly TensorInfo[]): TensorInfo {
  const partial = device.output([Math.max(1, tensors.length) * GROUPS]);
  for (let first = 0; first < tensors.length; first += TENSORS) {
    const some = tensors.slice(first, first + TENSORS);
    // Bindings that are left over take a tensor again, and no element of it.
    const bound = Array.from({ length: TENSORS }, (_, i) => some[i] ?? some[0]!);
    device.run(squares, {
      tensors: [...bound, partial],
      integers: [first * GROUPS, ...bound.map((x, i) => (i < some.length ? sizeOf(x.shape) : 0))],
      groups: [GROUPS, some.length, 1],
    });
  }
  const norm = device.output([]);
  device.run(root, {
    tensors: [partial, norm],
    integers: [tensors.length * GROUPS],
    groups: [1, 1, 1],
  });
  device.dispose(partial);
  return norm;
}
