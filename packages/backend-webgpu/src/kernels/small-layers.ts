import type { UnitDifferenceSettings } from '@sshn/ops';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DevicePrograms, Program } from './device-programs.js';
import { sumOfGroup } from './reduction.js';
import { declarations, forEachElement, groupsFor, LINE, mainPerElement, sizeOf } from './wgsl.js';

const denseForward: Program = {
  name: 'dense',
  code: () => `${declarations(['x', 'weight', 'bias'], ['y'], { integers: ['count', 'inputs', 'outputs'], floats: ['slope'] })}
${mainPerElement}
  let row = index / args.outputs;
  let column = index % args.outputs;
  var sum = bias[column];
  for (var i = 0u; i < args.inputs; i++) { sum += x[row * args.inputs + i] * weight[i * args.outputs + column]; }
  y[index] = select(args.slope * sum, sum, sum > 0.0);
}`,
};

/** A thread for each value of the three gradients, one after the other. */
const denseBackward: Program = {
  name: 'gradients of dense',
  code: () => `${declarations(['dy', 'x', 'weight', 'y'], ['toX', 'toWeight', 'toBias'], {
    integers: ['count', 'rows', 'inputs', 'outputs'],
    floats: ['slope'],
  })}
fn dz(at: u32) -> f32 { return select(args.slope, 1.0, y[at] > 0.0) * dy[at]; }
${mainPerElement}
  let ofX = args.rows * args.inputs;
  let ofWeight = args.inputs * args.outputs;
  var sum = 0.0;
  if (index < ofX) {
    let row = index / args.inputs;
    let i = index % args.inputs;
    for (var o = 0u; o < args.outputs; o++) { sum += dz(row * args.outputs + o) * weight[i * args.outputs + o]; }
    toX[index] = sum;
  } else if (index < ofX + ofWeight) {
    let at = index - ofX;
    let i = at / args.outputs;
    let o = at % args.outputs;
    for (var row = 0u; row < args.rows; row++) { sum += x[row * args.inputs + i] * dz(row * args.outputs + o); }
    toWeight[at] = sum;
  } else {
    let o = index - ofX - ofWeight;
    for (var row = 0u; row < args.rows; row++) { sum += dz(row * args.outputs + o); }
    toBias[o] = sum;
  }
}`,
};

/** LeakyReLU of x `[rows, inputs]` · kernel `[inputs, outputs]` + bias. */
export function dense(
  device: DevicePrograms,
  { x, kernel, bias }: { readonly x: TensorInfo; readonly kernel: TensorInfo; readonly bias: TensorInfo },
  slope: number,
): TensorInfo {
  const [inputs, outputs] = kernel.shape as [number, number];
  const output = device.output([x.shape[0]!, outputs]);
  return forEachElement(device, denseForward, {
    inputs: [x, kernel, bias],
    output,
    integers: [inputs, outputs],
    floats: [slope],
  });
}

/** The gradients to x, kernel and bias. */
export function denseGradient(
  device: DevicePrograms,
  given: {
    readonly dy: TensorInfo;
    readonly x: TensorInfo;
    readonly kernel: TensorInfo;
    readonly y: TensorInfo;
  },
  slope: number,
): [TensorInfo, TensorInfo, TensorInfo] {
  const { dy, x, kernel, y } = given;
  const [inputs, outputs] = kernel.shape as [number, number];
  const results = [device.output(x.shape), device.output(kernel.shape), device.output([outputs])] as const;
  const count = results.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  device.run(denseBackward, {
    tensors: [dy, x, kernel, y, ...results],
    integers: [count, x.shape[0]!, inputs, outputs],
    floats: [slope],
    groups: groupsFor(count, device.mostGroups),
  });
  return [...results];
}

/** Opens a program of one workgroup that goes through the rows; `root(row, local)` is the root of a row's mean square. */
const rowsOfOneGroup = `
${sumOfGroup}
fn meanOver(sum: f32, local: u32) -> f32 {
  _ = sumOfGroup(sum, local);
  workgroupBarrier();
  return sums[0] / f32(args.columns);
}
fn root(row: u32, local: u32) -> f32 {
  var sum = 0.0;
  for (var i = local; i < args.columns; i += ${LINE}u) { sum += x[row * args.columns + i] * x[row * args.columns + i]; }
  return sqrt(meanOver(sum, local) + args.epsilon);
}
@compute @workgroup_size(${LINE})
fn main(@builtin(local_invocation_index) local: u32) {
  for (var row = 0u; row < args.rows; row++) {
    let unit = root(row, local);
    let factor = select(-args.scale, args.scale, row == 0u) / unit;`;

const scalars = { integers: ['rows', 'columns'], floats: ['epsilon', 'scale'] };

const difference: Program = {
  name: 'unit difference',
  code: () => `${declarations(['x'], ['out'], scalars)}
${rowsOfOneGroup}
    for (var i = local; i < args.columns; i += ${LINE}u) {
      let value = factor * x[row * args.columns + i];
      if (row == 0u) { out[i] = value; } else { out[i] += value; }
    }
  }
}`,
};

const toDifference: Program = {
  name: 'gradient of unit difference',
  code: () => `${declarations(['dy', 'x'], ['out'], scalars)}
${rowsOfOneGroup}
    var sum = 0.0;
    for (var i = local; i < args.columns; i += ${LINE}u) { sum += dy[i] * x[row * args.columns + i]; }
    let along = meanOver(sum, local) / (unit * unit);
    for (var i = local; i < args.columns; i += ${LINE}u) {
      let at = row * args.columns + i;
      out[at] = factor * (dy[i] - x[at] * along);
    }
  }
}`,
};

/** What `unitDifference` of @sshn/ops computes, `[1, width]`. */
export function unitDifference(
  device: DevicePrograms,
  x: TensorInfo,
  { epsilon, scale }: UnitDifferenceSettings,
): TensorInfo {
  const [rows, columns] = x.shape as [number, number];
  const out = device.output([1, columns]);
  device.run(difference, {
    tensors: [x, out],
    integers: [rows, columns],
    floats: [epsilon, scale],
    groups: [1, 1, 1],
  });
  return out;
}

/** Its gradient to x. */
export function unitDifferenceGradient(
  device: DevicePrograms,
  dy: TensorInfo,
  x: TensorInfo,
  { epsilon, scale }: UnitDifferenceSettings,
): TensorInfo {
  const [rows, columns] = x.shape as [number, number];
  const out = device.output(x.shape);
  device.run(toDifference, {
    tensors: [dy, x, out],
    integers: [rows, columns],
    floats: [epsilon, scale],
    groups: [1, 1, 1],
  });
  return out;
}
