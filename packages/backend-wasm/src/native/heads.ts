import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { DeferredProducts, OuterProduct } from './deferred.js';
import { bytesOf, SIZES, type StructValues } from './layout.js';
import { type MakeKernel, type NativeModule, sizeOf } from './module.js';

const HEAD_ARGS_BYTES = bytesOf('HeadArgs');

type Inputs = Readonly<Record<string, TensorInfo>>;

/** Of each head weight · (gate · hidden) + scale · base. */
export function heads(native: NativeModule, inputs: Inputs, baseScales: readonly number[]): TensorInfo[] {
  const gates = gatesOf(native, inputs.gates!);
  const outs = gates.map((_, i) => native.output(inputs[`base${i}`]!.shape));
  const { args } = native.reserve({ args: HEAD_ARGS_BYTES * outs.length });
  runAll(native, 'head', inputs, args, (i) => ({
    base: native.address(inputs[`base${i}`]!),
    out: native.address(outs[i]!),
    sums: 0,
    gate: gates[i]!,
    baseScale: baseScales[i]!,
  }));
  return outs;
}

/** The gradients to gates, to hidden, and to each weight; those to weights as `headGradWeight` gives them. */
export function headsGradient(native: NativeModule, inputs: Inputs): TensorInfo[] {
  const { gates, hidden } = inputs as { gates: TensorInfo; hidden: TensorInfo };
  const width = sizeOf(hidden.shape);
  const all = gatesOf(native, gates);
  const toHidden = new Float64Array(width);
  const toGates = rowGradients(native, inputs, all.length, width).map((toRow, i) => {
    const at = native.address(hidden) / 4;
    const floats = native.floats();
    let toGate = 0;
    for (let j = 0; j < width; j++) {
      toGate += toRow[j]! * floats[at + j]!;
      toHidden[j]! += all[i]! * toRow[j]!;
    }
    return toGate;
  });
  return [
    filled(native, gates.shape, toGates),
    filled(native, hidden.shape, toHidden),
    ...all.map((gate, i) => headGradWeight(native, inputs[`dy${i}`]!, hidden, gate)),
  ];
}

/** Of each head dy, of `outputs` values, · weight `[outputs, width]`: copies. */
function rowGradients(native: NativeModule, inputs: Inputs, count: number, width: number): Float32Array[] {
  const rowBytes = Math.ceil(width / 4) * 16;
  const tasks = Array.from({ length: count }, (_, i) => tasksOf(inputs[`weight${i}`]!.shape[0]!));
  const rows = rowBytes * tasks.reduce((total, each) => total + each);
  const { args, row, sums, scratch } = native.reserve({
    args: HEAD_ARGS_BYTES * count,
    row: rowBytes,
    sums: rows,
    scratch: rows,
  });
  runAll(native, 'headRowGradient', inputs, args, (i) => ({
    base: scratch,
    out: native.address(inputs[`dy${i}`]!),
    sums,
    gate: 1,
    baseScale: 0,
  }));
  let from = sums;
  return tasks.map((each) => {
    native.exports.addSlots(from, each, row, width);
    from += each * rowBytes;
    return native.floats().slice(row / 4, row / 4 + width);
  });
}

/** Runs a job on all heads, whose arguments lie at `args`; `rest` are those of one that are not in its inputs. */
function runAll(
  native: NativeModule,
  job: 'head' | 'headRowGradient',
  inputs: Inputs,
  args: number,
  rest: (i: number) => Omit<StructValues<'HeadArgs'>, 'weight' | 'hidden' | 'outputs' | 'width' | 'tasks'>,
): void {
  let total = 0;
  for (let i = 0; i < sizeOf(inputs.gates!.shape); i++) {
    const weight = inputs[`weight${i}`]!;
    const [outputs, width] = weight.shape as [number, number];
    const tasks = tasksOf(outputs);
    const own = { weight: native.address(weight), hidden: native.address(inputs.hidden!), outputs, width };
    native.write('HeadArgs', args + i * HEAD_ARGS_BYTES, { ...own, ...rest(i), tasks });
    total += tasks;
  }
  native.run(job, args, total);
}

function tasksOf(outputs: number): number {
  return Math.ceil(outputs / SIZES.HEAD_GRAIN);
}

/**
 * Gradient to a weight, `[outputs, width]`: the outer product of dy, of `outputs` values, and gate · hidden, of `width`.
 *
 * Its values are written when somebody looks at them; Adam works from the factors.
 */
export function headGradWeight(
  native: NativeModule,
  dy: TensorInfo,
  hidden: TensorInfo,
  gate: number,
): TensorInfo {
  const [height, width] = [sizeOf(dy.shape), sizeOf(hidden.shape)];
  return outerProduct(native, height, width, (floats, column, row) => {
    const from = native.address(dy) / 4;
    floats.copyWithin(column, from, from + height);
    const h = native.address(hidden) / 4;
    for (let i = 0; i < width; i++) floats[row + i] = gate * floats[h + i]!;
  });
}

/** The values of gates, copied. */
function gatesOf(native: NativeModule, gates: TensorInfo): number[] {
  const from = native.address(gates) / 4;
  return [...native.floats().subarray(from, from + sizeOf(gates.shape))];
}

function filled(native: NativeModule, shape: readonly number[], values: ArrayLike<number>): TensorInfo {
  const out = native.output(shape);
  native.floats().set(values, native.address(out) / 4);
  return out;
}

/**
 * A deferred outer product `[height, width]`.
 *
 * @param fill Writes its factors, of which it gets the indices into the memory's floats.
 */
export function outerProduct(
  native: NativeModule,
  height: number,
  width: number,
  fill: (floats: Float32Array, column: number, row: number) => void,
): TensorInfo {
  const product = native.output([height, width]);
  // The arguments of the kernel that writes the product come first, so that it needs no scratch.
  const row = native.allocate(HEAD_ARGS_BYTES + (width + height) * 4) + HEAD_ARGS_BYTES;
  const column = row + width * 4;
  fill(native.floats(), column / 4, row / 4);
  deferredProducts(native).defer(product, { column, row, height, width });
  return product;
}

/** The gradients to heads that have not been read yet. */
export function deferredProducts(native: NativeModule): DeferredProducts {
  return native.products({
    write: (address, { column, row, height, width }) => {
      const args = row - HEAD_ARGS_BYTES;
      const addresses = { weight: address, hidden: row, out: column, base: 0, sums: 0 };
      const tasks = tasksOf(height);
      const values = { ...addresses, gate: 1, baseScale: 0, outputs: height, width, tasks };
      native.start('headWeightGradient', values, tasks, args);
    },
    release: ({ row }) => native.free(row - HEAD_ARGS_BYTES),
  });
}

/**
 * The Euclidean norm of all entries of all tensors together, summed in double precision.
 *
 * An outer product that is not written yet stays so: its sum of squares is the product of its factors'.
 */
export function globalNorm(native: NativeModule, tensors: readonly TensorInfo[]): TensorInfo {
  const products = deferredProducts(native);
  const { sumSquares } = native.exports;
  let total = 0;
  for (const tensor of tensors) {
    const product = products.factorsOf(tensor);
    total +=
      product === undefined
        ? sumSquares(native.address(tensor), sizeOf(tensor.shape))
        : sumSquares(product.column, product.height) * sumSquares(product.row, product.width);
  }
  const norm = native.output([]);
  native.floats()[native.address(norm) >>> 2] = Math.sqrt(total);
  return norm;
}

/**
 * The kernels of tfjs that clipping by norm is made of, on outer products that are not written yet: squares and multiples
 * are outer products again, and sums are those of the factors.
 */
export const productKernels: ReadonlyMap<string, MakeKernel> = new Map<string, MakeKernel>([
  [
    'Square',
    (native, previous) => (call) => {
      const x = factorsOf(native, call.inputs.x!);
      return x === undefined ? previous!(call) : scaled(native, x, (value) => value * value);
    },
  ],
  [
    'Multiply',
    (native, previous) => (call) => {
      const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
      const [x, factor] = factorsOf(native, a) === undefined ? [b, a] : [a, b];
      const product = factorsOf(native, x);
      if (product === undefined || factor.dtype !== 'float32' || factor.shape.length > 0)
        return previous!(call);
      const value = native.floats()[native.address(factor) / 4]!;
      return scaled(
        native,
        product,
        (entry) => entry * value,
        (entry) => entry,
      );
    },
  ],
  [
    'Sum',
    (native, previous) => (call) => {
      const x = call.inputs.x!;
      const product = factorsOf(native, x);
      const { axis, keepDims } = call.attrs as { axis: number | number[]; keepDims?: boolean };
      const axes = util.parseAxisParam(axis, x.shape);
      if (product === undefined || keepDims || axes.length !== 1 || axes[0] !== 1) return previous!(call);
      return rowSums(native, product);
    },
  ],
]);

function factorsOf(native: NativeModule, x: TensorInfo): OuterProduct | undefined {
  return deferredProducts(native).factorsOf(x);
}

/** The product of mapped factors. */
function scaled(
  native: NativeModule,
  x: OuterProduct,
  ofColumn: (value: number) => number,
  ofRow = ofColumn,
): TensorInfo {
  return outerProduct(native, x.height, x.width, (floats, column, row) => {
    const [fromColumn, fromRow] = [x.column / 4, x.row / 4];
    for (let i = 0; i < x.height; i++) floats[column + i] = ofColumn(floats[fromColumn + i]!);
    for (let j = 0; j < x.width; j++) floats[row + j] = ofRow(floats[fromRow + j]!);
  });
}

/** The sums over the width. */
function rowSums(native: NativeModule, x: OuterProduct): TensorInfo {
  const out = native.output([x.height]);
  const floats = native.floats();
  let sum = 0;
  for (let j = 0; j < x.width; j++) sum += floats[x.row / 4 + j]!;
  const to = native.address(out) / 4;
  const from = x.column / 4;
  for (let i = 0; i < x.height; i++) floats[to + i] = floats[from + i]! * sum;
  return out;
}
