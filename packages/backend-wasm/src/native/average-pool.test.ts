import { avgPool, memory, randomUniform, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { averagePool, averagePoolGrad } from './average-pool.js';
import { type NativeKernels, registerNativeKernels, unregisterNativeKernels } from './index.js';
import { nativeForTests, take } from './testing/native.js';
import { relativeError } from './testing/reference-conv.js';

let native: NativeKernels;
beforeAll(async () => {
  native = await nativeForTests();
});

/** Each output of pooling along one axis as weights of the inputs, by the definition of adaptive windows. */
function averaging(from: number, to: number): number[][] {
  return Array.from({ length: to }, (_, i) => {
    const [begin, end] = [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)];
    return Array.from({ length: from }, (_, n) => (n >= begin && n < end ? 1 / (end - begin) : 0));
  });
}

const transposed = (matrix: readonly number[][]): number[][] =>
  matrix[0]!.map((_, n) => matrix.map((row) => row[n]!));

/** Values `[outer, columns, inner]` times a matrix along the middle axis, in double precision. */
function apply(matrix: readonly number[][], values: readonly number[], inner: number): number[] {
  const [rows, columns] = [matrix.length, matrix[0]!.length];
  const outer = values.length / (columns * inner);
  return Array.from({ length: outer * rows * inner }, (_, at) => {
    const [o, r, i] = [Math.floor(at / (rows * inner)), Math.floor(at / inner) % rows, at % inner];
    return matrix[r]!.reduce(
      (sum, weight, column) => sum + weight * values[(o * columns + column) * inner + i]!,
      0,
    );
  });
}

/** All axes of a pooling, one after the other. */
function reference(x: Tensor, size: readonly number[], isGradient: boolean): number[] {
  const shape = [...x.shape];
  let values = [...x.dataSync()];
  size.forEach((n, i) => {
    const before = shape[i + 1]!;
    const matrix = isGradient ? transposed(averaging(n, before)) : averaging(before, n);
    const inner = shape.slice(i + 2).reduce((a, b) => a * b, 1);
    values = apply(matrix, values, inner);
    shape[i + 1] = n;
  });
  return values;
}

const edge = fc.integer({ min: 1, max: 13 });
const channels = fc.constantFrom(1, 3, 4, 15, 16, 25, 33);
const grids = fc.constantFrom(2, 3).chain((rank) => {
  const size = fc.array(edge, { minLength: rank, maxLength: rank });
  return fc.tuple(size, size);
});

describe('adaptive average pooling', () => {
  it.each([
    ['means of windows, more and fewer of them than pixels', averagePool, false],
    ['the transpose of it', averagePoolGrad, true],
  ])('%s', (_, run, isGradient) => {
    fc.assert(
      fc.property(grids, channels, fc.constantFrom(1, 2), ([from, to], c, batch) => {
        const x = randomUniform([batch, ...from, c], -1, 1, 'float32', 7);
        const { numBytes } = memory();
        const result = run(native, x, to);
        expect(result.shape).toEqual([batch, ...to, c]);
        expect(relativeError(take(result), reference(x, to, isGradient))).toBeLessThan(1e-6);
        expect(memory().numBytes).toBe(numBytes);
        x.dispose();
      }),
      { numRuns: 100 },
    );
  });

  it('the same size gives the same values', () => {
    const x = randomUniform([2, 3, 4, 5], -1, 1, 'float32', 1);
    expect(take(averagePool(native, x, [3, 4]))).toEqual(x.dataSync());
    x.dispose();
  });
});

describe("tfjs' average pooling", () => {
  beforeAll(() => registerNativeKernels(native));
  afterAll(unregisterNativeKernels);

  it('is that of tfjs, whichever kernel computes it', () => {
    const x = randomUniform([2, 12, 8, 5], -1, 1, 'float32', 3) as Tensor4D;
    const cases = [
      { window: [3, 4], strides: [3, 4], pad: 'valid' },
      { window: [1, 8], strides: [1, 8], pad: 'valid' },
      { window: [5, 4], strides: [5, 4], pad: 'valid' },
      { window: [3, 2], strides: [1, 2], pad: 'valid' },
      { window: [3, 3], strides: [3, 3], pad: 'same' },
    ] as const;
    const pooled = () => cases.map(({ window, strides, pad }) => avgPool(x, [...window], [...strides], pad));
    const ours = pooled();
    unregisterNativeKernels();
    const stock = pooled();
    registerNativeKernels(native);
    ours.forEach((y, i) => {
      expect(y.shape).toEqual(stock[i]!.shape);
      expect(relativeError(y.dataSync(), [...stock[i]!.dataSync()])).toBeLessThan(1e-6);
    });
    for (const y of [...ours, ...stock, x]) y.dispose();
  });
});
