import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from './device-programs.js';
import { COLUMNS, ROWS, rowGroups } from './reduction.js';
import { declarations, LINE, sizeOf } from './wgsl.js';

/** The most heads of one program: some devices bind any number, and all heads have as many workgroups as the largest. */
const MOST_HEADS = 4;

/** Of one head: its number, its weight `[outputs, width]`, and what else is of one entry for each output. */
interface Head {
  readonly number: number;
  readonly weight: TensorInfo;
  /** The base, or the gradient to the prediction. */
  readonly values: TensorInfo;
  /** The prediction, or the gradient to the weight. */
  readonly out: TensorInfo;
  readonly outputs: number;
}

/** Rows of a workgroup of `product`, and threads that share one. */
const PRODUCT_ROWS = 16;
const LANES = 16;

/** The buffers and scalars of each head, `weight0`, `weight1`, … */
const numbered = (heads: number, ...names: readonly string[]): string[] =>
  names.flatMap((name) => Array.from({ length: heads }, (_, i) => `${name}${i}`));

/** WGSL of a choice among heads, by `group.z`. */
const choose = (heads: number, code: (i: number) => string): string =>
  `switch (group.z) { ${Array.from({ length: heads }, (_, i) => `case ${i}u: { ${code(i)} }`).join('\n')} default: {} }`;

const product = (heads: number): Program => ({
  name: `heads, ${heads}`,
  code: () => `${declarations(
    ['gates', 'hidden', ...numbered(heads, 'weight', 'base')],
    numbered(heads, 'out'),
    {
      integers: ['columns', ...numbered(heads, 'head', 'rows')],
      floats: numbered(heads, 'scale'),
    },
  )}
var<workgroup> sums: array<f32, ${PRODUCT_ROWS * LANES}>;
@compute @workgroup_size(${LANES}, ${PRODUCT_ROWS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>) {
  let row = (group.y * groups.x + group.x) * ${PRODUCT_ROWS}u + local.y;
  var sum = 0.0;
  ${choose(
    heads,
    (i) => `if (row < args.rows${i}) {
    let gate = gates[args.head${i}];
    for (var column = local.x; column < args.columns; column += ${LANES}u) {
      sum += weight${i}[row * args.columns + column] * (gate * hidden[column]);
    }
  }`,
  )}
  let at = local.y * ${LANES}u + local.x;
  sums[at] = sum;
  for (var half = ${LANES / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local.x < half) { sums[at] += sums[at + half]; }
  }
  if (local.x != 0u) { return; }
  ${choose(heads, (i) => `if (row < args.rows${i}) { out${i}[row] = sums[at] + args.scale${i} * base${i}[row]; }`)}
}`,
});

const rowsOfHidden: Program = {
  name: 'rows of heads',
  code: () => `${declarations(['gates', 'hidden'], ['rows'], { integers: ['count', 'columns'] })}
@compute @workgroup_size(${LINE})
fn main(@builtin(global_invocation_id) thread: vec3<u32>) {
  if (thread.x >= args.count) { return; }
  rows[thread.x] = gates[thread.x / args.columns] * hidden[thread.x % args.columns];
}`,
};

/** Writes the gradient to weights, and sums over some outputs for that to what they are multiplied by. */
const gradients = (heads: number): Program => ({
  name: `gradients of heads, ${heads}`,
  code: () => `${declarations(
    ['rows', ...numbered(heads, 'weight', 'dy')],
    [...numbered(heads, 'out'), 'partial'],
    {
      integers: ['columns', ...numbered(heads, 'head', 'rows', 'first', 'rowsOfGroup')],
    },
  )}
var<workgroup> sums: array<f32, ${COLUMNS * ROWS}>;
@compute @workgroup_size(${COLUMNS}, ${ROWS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let column = group.x * ${COLUMNS}u + local.x;
  var sum = 0.0;
  var to = 0u;
  var isWithin = false;
  ${choose(
    heads,
    (i) => `let first = group.y * args.rowsOfGroup${i};
    let end = min(first + args.rowsOfGroup${i}, args.rows${i});
    isWithin = column < args.columns && first < end;
    to = args.first${i} + group.y;
    if (isWithin) {
      let factor = rows[args.head${i} * args.columns + column];
      for (var row = first + local.y; row < end; row += ${ROWS}u) {
        let at = row * args.columns + column;
        let dy = dy${i}[row];
        sum += dy * weight${i}[at];
        out${i}[at] = dy * factor;
      }
    }`,
  )}
  sums[local.y * ${COLUMNS}u + local.x] = sum;
  workgroupBarrier();
  if (local.y == 0u && isWithin) {
    for (var i = 1u; i < ${ROWS}u; i++) { sum += sums[i * ${COLUMNS}u + local.x]; }
    partial[to * args.columns + column] = sum;
  }
}`,
});

/** The sums over the outputs of each head from those over some of them: rows `first[head]` to `first[head + 1]`. */
const toRows = (heads: number): Program => ({
  name: `gradient to rows of ${heads} heads`,
  code: () => `
@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
struct Args { columns: u32, first: array<vec4<u32>, ${Math.ceil((heads + 1) / 4)}> };
@group(0) @binding(2) var<uniform> args: Args;
fn firstOf(head: u32) -> u32 { return args.first[head / 4u][head % 4u]; }
var<workgroup> sums: array<f32, ${COLUMNS * ROWS}>;
@compute @workgroup_size(${COLUMNS}, ${ROWS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let column = group.x * ${COLUMNS}u + local.x;
  var sum = 0.0;
  if (column < args.columns) {
    for (var row = firstOf(group.y) + local.y; row < firstOf(group.y + 1u); row += ${ROWS}u) {
      sum += partial[row * args.columns + column];
    }
  }
  sums[local.y * ${COLUMNS}u + local.x] = sum;
  workgroupBarrier();
  if (local.y == 0u && column < args.columns) {
    for (var i = 1u; i < ${ROWS}u; i++) { sum += sums[i * ${COLUMNS}u + local.x]; }
    out[group.y * args.columns + column] = sum;
  }
}`,
});

/** The gradients to both factors of the rows. */
const toFactors: Program = {
  name: 'gradients to gates and hidden',
  code: () => `${declarations(['toRows', 'gates', 'hidden'], ['toGates', 'toHidden'], { integers: ['heads', 'columns'] })}
@compute @workgroup_size(${LINE})
fn main(@builtin(global_invocation_id) thread: vec3<u32>) {
  var sum = 0.0;
  if (thread.x < args.heads) {
    for (var column = 0u; column < args.columns; column++) {
      sum += toRows[thread.x * args.columns + column] * hidden[column];
    }
    toGates[thread.x] = sum;
  } else if (thread.x < args.heads + args.columns) {
    let column = thread.x - args.heads;
    for (var head = 0u; head < args.heads; head++) { sum += toRows[head * args.columns + column] * gates[head]; }
    toHidden[column] = sum;
  }
}`,
};

/** Of each head weight · (gate · hidden) + scale · base, of as many heads in a program as it can bind. */
export function heads(device: DevicePrograms, inputs: Inputs, baseScales: readonly number[]): TensorInfo[] {
  const { gates, hidden } = inputs as { gates: TensorInfo; hidden: TensorInfo };
  const all = headsOf(inputs, 'base', (base) => device.output(base.shape));
  for (const some of together(all, Math.floor((device.mostTensors - 2) / 3))) {
    const groups = Math.ceil(some[0]!.outputs / PRODUCT_ROWS);
    const lines = Math.ceil(groups / device.mostGroups);
    device.run(product(some.length), {
      tensors: [
        gates,
        hidden,
        ...some.map(({ weight }) => weight),
        ...some.map(({ values }) => values),
        ...outs(some),
      ],
      integers: [sizeOf(hidden.shape), ...numbers(some), ...some.map(({ outputs }) => outputs)],
      floats: some.map(({ number }) => baseScales[number]!),
      groups: [Math.ceil(groups / lines), lines, some.length],
    });
  }
  return all.map(({ out }) => out);
}

/** The gradients to gates, to hidden, and to each weight. Deterministic. */
export function headsGradient(device: DevicePrograms, inputs: Inputs): TensorInfo[] {
  const { gates, hidden } = inputs as { gates: TensorInfo; hidden: TensorInfo };
  const [count, columns] = [sizeOf(gates.shape), sizeOf(hidden.shape)];
  const all = headsOf(inputs, 'dy', (_, weight) => device.output(weight.shape));
  const groupsOf = all.map(({ outputs }) => rowGroups(outputs, Math.min(MOST_SUMS, device.mostGroups)));
  const first = [0];
  for (const { groups } of groupsOf) first.push(first.at(-1)! + groups);
  const rows = device.output([count, columns]);
  device.run(rowsOfHidden, {
    tensors: [gates, hidden, rows],
    integers: [count * columns, columns],
    groups: [Math.ceil((count * columns) / LINE), 1, 1],
  });
  const partial = device.output([first.at(-1)!, columns]);
  for (const some of together(all, Math.floor((device.mostTensors - 2) / 3))) {
    const ofSome = some.map(({ number }) => groupsOf[number]!);
    device.run(gradients(some.length), {
      tensors: [
        rows,
        ...some.map(({ weight }) => weight),
        ...some.map(({ values }) => values),
        ...outs(some),
        partial,
      ],
      integers: [
        columns,
        ...numbers(some),
        ...some.map(({ outputs }) => outputs),
        ...some.map(({ number }) => first[number]!),
        ...ofSome.map(({ rowsOfGroup }) => rowsOfGroup),
      ],
      groups: [Math.ceil(columns / COLUMNS), Math.max(...ofSome.map(({ groups }) => groups)), some.length],
    });
  }
  // The rows have been read: their gradient takes their place.
  device.run(toRows(count), {
    tensors: [partial, rows],
    integers: [columns, 0, 0, 0, ...first],
    groups: [Math.ceil(columns / COLUMNS), count, 1],
  });
  const [toGates, toHidden] = [device.output(gates.shape), device.output(hidden.shape)];
  device.run(toFactors, {
    tensors: [rows, gates, hidden, toGates, toHidden],
    integers: [count, columns],
    groups: [Math.ceil((count + columns) / LINE), 1, 1],
  });
  for (const scratch of [rows, partial]) device.dispose(scratch);
  return [toGates, toHidden, ...all.map(({ out }) => out)];
}

type Inputs = Readonly<Record<string, TensorInfo>>;

/** Partial sums of one head at most: they are summed by one workgroup. */
const MOST_SUMS = 512;

function headsOf(
  inputs: Inputs,
  values: 'base' | 'dy',
  outFor: (values: TensorInfo, weight: TensorInfo) => TensorInfo,
): Head[] {
  return Array.from({ length: sizeOf(inputs.gates!.shape) }, (_, number) => {
    const [weight, ofOutputs] = [inputs[`weight${number}`]!, inputs[`${values}${number}`]!];
    const out = outFor(ofOutputs, weight);
    return { number, weight, values: ofOutputs, out, outputs: weight.shape[0]! };
  });
}

/** Heads of one program, the largest first: those of a like size go together. */
function together(all: readonly Head[], bound: number): Head[][] {
  const most = Math.min(MOST_HEADS, bound);
  const sorted = [...all].sort((a, b) => b.outputs - a.outputs);
  return Array.from({ length: Math.ceil(sorted.length / most) }, (_, i) =>
    sorted.slice(i * most, (i + 1) * most),
  );
}

const outs = (some: readonly Head[]): TensorInfo[] => some.map(({ out }) => out);
const numbers = (some: readonly Head[]): number[] => some.map(({ number }) => number);
