import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from '../dispatch/device-programs.js';
import { declarations, sizeOf } from '../dispatch/wgsl.js';

/** Columns of a workgroup, and rows that its threads go through side by side. */
export const COLUMNS = 32;
export const ROWS = 8;
/** Rows that one workgroup sums: more go to several, whose sums are summed again. */
const ROWS_OF_GROUP = 256;

/**
 * Body of programs that sum over rows: each thread has a column and a row of every eight, `visit` gives what it adds; the sums
 * of a workgroup go to `out[row group, column]`. `row`, `column` and `at`, the element, are at hand.
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

const program: Program = {
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
  device.run(program, {
    tensors: [x, out],
    integers: [rows, columns, rowsOfGroup],
    groups: [Math.ceil(columns / COLUMNS), groups, 1],
  });
  if (groups === 1) return out;
  const sum = sumRows(device, out, groups, shape);
  device.dispose(out);
  return sum;
}
