import { type KernelFunc, type TensorInfo, util } from '@tensorflow/tfjs-core';

import type { NativeModule } from '../module.js';
import type { OuterProduct } from './deferred.js';
import { deferredProducts, outerProduct } from './head.js';

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
