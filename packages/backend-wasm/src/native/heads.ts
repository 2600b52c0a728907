import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { DeferredProducts, OuterProduct } from './deferred.js';
import { bytesOf, SIZES } from './layout.js';
import { type MakeKernel, type NativeModule, sizeOf } from './module.js';

const HEAD_ARGS_BYTES = bytesOf('HeadArgs');
const GRAIN = SIZES.HEAD_GRAIN;

type Inputs = Readonly<Record<string, TensorInfo>>;

/** Of each head weight · (gate · hidden) + scale · base. */
export function heads(native: NativeModule, inputs: Inputs, baseScales: readonly number[]): TensorInfo[] {
  const outs = baseScales.map((_, i) => native.output(inputs[`base${i}`]!.shape));
  runAll(native, 'head', inputs, outs, baseScales);
  return outs;
}

/** The gradients to gates, to hidden, and to each weight; those to weights as `headGradWeight` gives them. */
export function headsGradient(native: NativeModule, inputs: Inputs): TensorInfo[] {
  const { gates, hidden } = inputs as { gates: TensorInfo; hidden: TensorInfo };
  const dys = Array.from({ length: gates.shape[0]! }, (_, i) => inputs[`dy${i}`]!);
  const { tasks, sums, padded } = runAll(native, 'headRowGradient', inputs, dys);
  const floats = native.floats();
  const [g, h] = [native.address(gates) / 4, native.address(hidden) / 4];
  const toHidden = new Float64Array(sizeOf(hidden.shape));
  let row = sums / 4;
  const toGates = tasks.map((count, i) => {
    let toGate = 0;
    for (const end = row + count * padded; row < end; row += padded) {
      for (let j = 0; j < toHidden.length; j++) {
        toGate += floats[row + j]! * floats[h + j]!;
        toHidden[j]! += floats[g + i]! * floats[row + j]!;
      }
    }
    return toGate;
  });
  const toWeights = Array.from(floats.slice(g, g + dys.length), (gate, i) =>
    headGradWeight(native, dys[i]!, hidden, gate),
  );
  return [filled(native, gates.shape, toGates), filled(native, hidden.shape, toHidden), ...toWeights];
}

/** Runs a job on all heads: the tasks of each, and where their sums are, `padded` values apart. */
function runAll(
  native: NativeModule,
  job: 'head' | 'headRowGradient',
  inputs: Inputs,
  outs: readonly TensorInfo[],
  baseScales: readonly number[] = [],
): { tasks: number[]; sums: number; padded: number } {
  const weights = outs.map((_, i) => inputs[`weight${i}`]!);
  const tasks = weights.map(({ shape }) => Math.ceil(shape[0]! / GRAIN));
  const total = tasks.reduce((sum, count) => sum + count);
  const width = weights[0]!.shape[1]!;
  const padded = Math.ceil(width / 4) * 4;
  const { args, sums } = native.reserve({ args: HEAD_ARGS_BYTES * outs.length, sums: 4 * padded * total });
  for (const [i, weight] of weights.entries()) {
    native.write('HeadArgs', args + i * HEAD_ARGS_BYTES, {
      weight: native.address(weight),
      hidden: native.address(inputs.hidden!),
      // The gradient reads none.
      base: native.address(inputs[`base${i}`] ?? weight),
      out: native.address(outs[i]!),
      sums,
      gate: native.floats()[native.address(inputs.gates!) / 4 + i]!,
      baseScale: baseScales[i] ?? 0,
      outputs: weight.shape[0]!,
      width,
      tasks: tasks[i]!,
    });
  }
  native.run(job, args, total);
  return { tasks, sums, padded };
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
      const tasks = Math.ceil(height / GRAIN);
      const values = { ...addresses, gate: 0, baseScale: 0, outputs: height, width, tasks };
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
