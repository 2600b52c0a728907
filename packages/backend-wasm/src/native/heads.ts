import { type KernelFunc, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { DeferredProducts, OuterProduct } from './deferred.js';
import { bytesOf, SIZES } from './layout.js';
import { type NativeModule, sizeOf } from './module.js';

const HEAD_ARGS_BYTES = bytesOf('HeadArgs');
const GRAIN = SIZES.HEAD_GRAIN;

/** weight `[outputs, width]` · hidden `[width]`. */
export function head(native: NativeModule, weight: TensorInfo, hidden: TensorInfo): TensorInfo {
  const out = native.output([weight.shape[0]!]);
  run(native, 'head', { weight, hidden: native.address(hidden), out });
  return out;
}

/**
 * Gradient to the weight, `[outputs, width]`: the outer product of dy `[outputs]` and hidden `[width]`.
 *
 * Its values are written when somebody looks at them; Adam works from the factors.
 */
export function headGradWeight(native: NativeModule, dy: TensorInfo, hidden: TensorInfo): TensorInfo {
  const [height, width] = [dy.shape[0]!, hidden.shape[0]!];
  return outerProduct(native, height, width, (floats, column, row) => {
    const from = { column: native.address(dy) / 4, row: native.address(hidden) / 4 };
    floats.copyWithin(column, from.column, from.column + height);
    floats.copyWithin(row, from.row, from.row + width);
  });
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
      const values = { weight: address, hidden: row, out: column, sums: 0, outputs: height, width };
      native.start('headWeightGradient', args, values, Math.ceil(height / GRAIN));
    },
    release: ({ row }) => native.free(row - HEAD_ARGS_BYTES),
  });
}

/** Gradient to the hidden layer, `[width]`: dy `[outputs]` · weight `[outputs, width]`. */
export function headGradHidden(native: NativeModule, weight: TensorInfo, dy: TensorInfo): TensorInfo {
  const out = native.output([weight.shape[1]!]);
  run(native, 'headHiddenGradient', { weight, hidden: native.address(out), out: dy });
  return out;
}

/** Runs a job on the heads; the gradient to the hidden layer leaves partial sums, which are added into `hidden`. */
function run(
  native: NativeModule,
  job: 'head' | 'headHiddenGradient',
  { weight, hidden, out }: { readonly weight: TensorInfo; readonly hidden: number; readonly out: TensorInfo },
): void {
  const [outputs, width] = weight.shape as [number, number];
  const tasks = Math.ceil(outputs / GRAIN);
  const isSum = job === 'headHiddenGradient';
  const rowBytes = Math.ceil(width / 4) * 16;
  const at = native.reserve({ args: HEAD_ARGS_BYTES, sums: isSum ? 2 * tasks * rowBytes : 0 });
  const [weights, products] = [native.address(weight), native.address(out)];
  const values = { weight: weights, hidden, out: products, sums: at.sums, outputs, width };
  native.start(job, at.args, values, tasks);
  if (isSum) native.exports.addSlots(at.sums, tasks, hidden, width);
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

/** Our version of a tfjs kernel where its input is a deferred outer product; `previous` elsewhere. */
type Make = (native: NativeModule, previous: KernelFunc | undefined) => KernelFunc;

/**
 * The kernels of tfjs that clipping by norm is made of, on outer products that are not written yet: squares and multiples
 * are outer products again, and sums are those of the factors.
 */
export const productKernels: ReadonlyMap<string, Make> = new Map<string, Make>([
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
