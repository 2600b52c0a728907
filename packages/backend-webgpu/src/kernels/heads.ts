import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from './device-programs.js';
import { COLUMNS, rowGroups, sumOverRows, sumRows } from './reduction.js';
import { declarations, groupsFor, mainPerElement, sizeOf } from './wgsl.js';

/** Rows of a workgroup, and threads that share one. */
const ROWS = 16;
const LANES = 16;

const product: Program = {
  name: 'head',
  code: () => `${declarations(['weight', 'hidden'], ['out'], { integers: ['rows', 'columns', 'rowGroups'] })}
var<workgroup> sums: array<f32, ${ROWS * LANES}>;
@compute @workgroup_size(${LANES}, ${ROWS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let row = (group.y * args.rowGroups + group.x) * ${ROWS}u + local.y;
  var sum = 0.0;
  if (row < args.rows) {
    for (var column = local.x; column < args.columns; column += ${LANES}u) {
      sum += weight[row * args.columns + column] * hidden[column];
    }
  }
  let at = local.y * ${LANES}u + local.x;
  sums[at] = sum;
  for (var half = ${LANES / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local.x < half) { sums[at] += sums[at + half]; }
  }
  if (local.x == 0u && row < args.rows) { out[row] = sums[at]; }
}`,
};

const outer: Program = {
  name: 'head gradient to weight',
  code: () => `${declarations(['dy', 'hidden'], ['out'], { integers: ['count', 'columns'] })}
${mainPerElement}
  out[index] = dy[index / args.columns] * hidden[index % args.columns];
}`,
};

const toHidden: Program = {
  name: 'head gradient to hidden',
  code: () =>
    declarations(['weight', 'dy'], ['out'], { integers: ['rows', 'columns', 'rowsOfGroup'] }) +
    sumOverRows('sum += dy[row] * weight[at];'),
};

/** weight `[outputs, hidden]` · hidden `[hidden]`. */
export function head(device: DevicePrograms, weight: TensorInfo, hidden: TensorInfo): TensorInfo {
  const [rows, columns] = weight.shape as [number, number];
  const out = device.output([rows]);
  const groups = Math.ceil(rows / ROWS);
  const lines = Math.ceil(groups / device.mostGroups);
  const width = Math.ceil(groups / lines);
  device.run(product, {
    tensors: [weight, hidden, out],
    integers: [rows, columns, width],
    groups: [width, lines, 1],
  });
  return out;
}

/** The gradient to weight: the outer product of dy `[outputs]` and hidden `[hidden]`. */
export function headGradWeight(device: DevicePrograms, dy: TensorInfo, hidden: TensorInfo): TensorInfo {
  const columns = hidden.shape[0]!;
  const count = sizeOf(dy.shape) * columns;
  const out = device.output([sizeOf(dy.shape), columns]);
  device.run(outer, {
    tensors: [dy, hidden, out],
    integers: [count, columns],
    groups: groupsFor(count, device.mostGroups),
  });
  return out;
}

/** The gradient to hidden: dy `[outputs]` · weight `[outputs, hidden]`. Deterministic. */
export function headGradHidden(device: DevicePrograms, weight: TensorInfo, dy: TensorInfo): TensorInfo {
  const [rows, columns] = weight.shape as [number, number];
  const { rowsOfGroup, groups } = rowGroups(rows, device.mostGroups);
  const partial = device.output(groups === 1 ? [columns] : [groups, columns]);
  device.run(toHidden, {
    tensors: [weight, dy, partial],
    integers: [rows, columns, rowsOfGroup],
    groups: [Math.ceil(columns / COLUMNS), groups, 1],
  });
  if (groups === 1) return partial;
  const out = sumRows(device, partial, groups, [columns]);
  device.dispose(partial);
  return out;
}
