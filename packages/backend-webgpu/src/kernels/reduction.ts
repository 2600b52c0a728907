import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from './device-programs.js';
import { declarations, LINE, sizeOf } from './wgsl.js';

/** WGSL `sumOfGroup(value, local)`, the sum over all threads of a workgroup, in a fixed order; valid in thread 0. */
export const sumOfGroup = `
var<workgroup> sums: array<f32, ${LINE}>;
fn sumOfGroup(value: f32, local: u32) -> f32 {
  workgroupBarrier();
  sums[local] = value;
  for (var half = ${LINE / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local < half) { sums[local] += sums[local + half]; }
  }
  return sums[0];
}`;

/** Columns of a workgroup, and rows that its threads go through side by side. */
export const COLUMNS = 32;
export const ROWS = 8;
/** Rows that one workgroup sums: more go to several, whose sums are summed again. */
const ROWS_OF_GROUP = 256;

/**
 * Body of programs that sum over rows: each thread has a column and a row of every eight, `visit` gives what it adds; the sums
 * of a workgroup go to `out[row group, column]`. It may use `row`, `column` and `at`, the index of the element.
 */
export function sumOverRows(visit: string): string {
  return `
var<workgroup> sums: array<f32, ${COLUMNS * ROWS}>;
@compute @workgroup_size(${COLUMNS}, ${ROWS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let column = group.x * ${COLUMNS}u + local.x;
  let first = group.y * args.rowsOfGroup;
  let end = min(first + args.rowsOfGroup, args.rows);
  var sum = 0.0;
  if (column < args.columns) {
    for (var row = first + local.y; row < end; row += ${ROWS}u) {
      let at = row * args.columns + column;
      ${visit}
    }
  }
  sums[local.y * ${COLUMNS}u + local.x] = sum;
  workgroupBarrier();
  if (local.y == 0u && column < args.columns) {
    for (var i = 1u; i < ${ROWS}u; i++) { sum += sums[i * ${COLUMNS}u + local.x]; }
    out[group.y * args.columns + column] = sum;
  }
}`;
}

/** How rows are shared out among workgroups: as few sums as keep a device busy. */
export function rowGroups(
  rows: number,
  most: number,
): { readonly rowsOfGroup: number; readonly groups: number } {
  const rowsOfGroup = Math.max(ROWS_OF_GROUP, Math.ceil(rows / most));
  return { rowsOfGroup, groups: Math.max(1, Math.ceil(rows / rowsOfGroup)) };
}

const rowSums: Program = {
  name: 'sum rows',
  code: () =>
    declarations(['x'], ['out'], { integers: ['rows', 'columns', 'rowsOfGroup'] }) +
    sumOverRows('sum += x[at];'),
};

/** The sum over the rows of x, seen as `[rows, columns]`, in a tensor of a shape of `columns` numbers. Deterministic. */
export function sumRows(
  device: DevicePrograms,
  x: TensorInfo,
  rows: number,
  shape: readonly number[],
): TensorInfo {
  const columns = sizeOf(shape);
  const { rowsOfGroup, groups } = rowGroups(rows, device.mostGroups);
  const out = device.output(groups === 1 ? shape : [groups, columns]);
  device.run(rowSums, {
    tensors: [x, out],
    integers: [rows, columns, rowsOfGroup],
    groups: [Math.ceil(columns / COLUMNS), groups, 1],
  });
  if (groups === 1) return out;
  const sum = sumRows(device, out, groups, shape);
  device.dispose(out);
  return sum;
}

const weightedSum: Program = {
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
  device.run(weightedSum, {
    tensors: [partials, value],
    integers: [sizeOf(partials.shape)],
    floats: [offset, scale],
    groups: [1, 1, 1],
  });
  device.dispose(partials);
  return value;
}

/** Tensors of one dispatch: a program may bind eight buffers, one of them the result. */
const TENSORS = 7;
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
