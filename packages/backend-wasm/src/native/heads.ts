import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { DeferredProducts, OuterProduct } from './deferred.js';
import { bytesOf, SIZES } from './layout.js';
import { type MakeKernel, type NativeModule, sizeOf } from './module.js';

const HEAD_ARGS_BYTES = bytesOf('HeadArgs');
const GRAIN = SIZES.HEAD_GRAIN;

type Inputs = Readonly<Record<string, TensorInfo>>;

/** Of each head weight · (gate · hidden) + scale · base. */
export function heads(native: NativeModule, inputs: Inputs, baseScales: readonly number[]): TensorInfo[] {
  const hidden = inputs.hidden!;
  const width = sizeOf(hidden.shape);
  return gatesOf(native, inputs.gates!).map((gate, i) => {
    const [weight, base] = [inputs[`weight${i}`]!, inputs[`base${i}`]!];
    const out = native.output(base.shape);
    const outputs = weight.shape[0]!;
    const values = {
      weight: native.address(weight),
      base: native.address(base),
      baseScale: baseScales[i]!,
      out: native.address(out),
      sums: 0,
      outputs,
      width,
    };
    const { args, row } = native.reserve({ args: HEAD_ARGS_BYTES, row: 4 * width });
    writeMultiple(native, row, hidden, gate);
    native.start('head', { ...values, hidden: row }, Math.ceil(outputs / GRAIN), args);
    return out;
  });
}

/** The gradients to gates, to hidden, and to each weight; those to weights as `headGradWeight` gives them. */
export function headsGradient(native: NativeModule, inputs: Inputs): TensorInfo[] {
  const { gates, hidden } = inputs as { gates: TensorInfo; hidden: TensorInfo };
  const width = sizeOf(hidden.shape);
  const all = gatesOf(native, gates);
  const toHidden = new Float64Array(width);
  const toGates = all.map((gate, i) => {
    const toRow = rowGradient(native, inputs[`weight${i}`]!, inputs[`dy${i}`]!);
    const at = native.address(hidden) / 4;
    const floats = native.floats();
    let toGate = 0;
    for (let j = 0; j < width; j++) {
      toGate += toRow[j]! * floats[at + j]!;
      toHidden[j]! += gate * toRow[j]!;
    }
    return toGate;
  });
  return [
    filled(native, gates.shape, toGates),
    filled(native, hidden.shape, toHidden),
    ...all.map((gate, i) => headGradWeight(native, inputs[`dy${i}`]!, hidden, gate)),
  ];
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
    writeMultiple(native, row * 4, hidden, gate);
  });
}

/** The values of gates, copied. */
function gatesOf(native: NativeModule, gates: TensorInfo): number[] {
  const from = native.address(gates) / 4;
  return [...native.floats().subarray(from, from + sizeOf(gates.shape))];
}

/** Writes a multiple of a tensor's values to an address. */
function writeMultiple(native: NativeModule, address: number, x: TensorInfo, factor: number): void {
  const from = native.address(x) / 4;
  const floats = native.floats();
  for (let i = 0; i < sizeOf(x.shape); i++) floats[address / 4 + i] = factor * floats[from + i]!;
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
      const values = { ...addresses, baseScale: 0, outputs: height, width };
      native.start('headWeightGradient', values, Math.ceil(height / GRAIN), args);
    },
    release: ({ row }) => native.free(row - HEAD_ARGS_BYTES),
  });
}

/** dy, of `outputs` values, · weight `[outputs, width]`: a copy. */
function rowGradient(native: NativeModule, weight: TensorInfo, dy: TensorInfo): Float32Array {
  const [outputs, width] = weight.shape as [number, number];
  const tasks = Math.ceil(outputs / GRAIN);
  const rowBytes = Math.ceil(width / 4) * 16;
  const addresses = { weight: native.address(weight), out: native.address(dy), hidden: 0, base: 0 };
  const { args, row, sums } = native.reserve({
    args: HEAD_ARGS_BYTES,
    row: rowBytes,
    sums: 2 * tasks * rowBytes,
  });
  native.start('headRowGradient', { ...addresses, sums, baseScale: 0, outputs, width }, tasks, args);
  native.exports.addSlots(sums, tasks, row, width);
  return native.floats().slice(row / 4, row / 4 + width);
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
