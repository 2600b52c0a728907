import { goldenCases } from '@sshn-internal/testing';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { NativeKernels } from './index.js';
import { sizeOf } from './module.js';
import { resize, resizeGrad } from './resize.js';
import { nativeForTests, noise, take } from './testing/native.js';
import { relativeError } from './testing/reference-conv.js';

let native: NativeKernels;
beforeAll(async () => {
  native = await nativeForTests();
});

/** One axis as a matrix `[out][in]` in double precision. */
function axisMatrix(inSize: number, outSize: number): number[][] {
  return Array.from({ length: outSize }, (_, o) => {
    const source = Math.min(Math.max(((o + 0.5) * inSize) / outSize - 0.5, 0), inSize - 1);
    return Array.from({ length: inSize }, (_, i) => Math.max(0, 1 - Math.abs(source - i)));
  });
}

/** Applies a matrix to one axis of a dense array. */
function along(data: number[], shape: number[], axis: number, matrix: number[][]): [number[], number[]] {
  const inner = sizeOf(shape.slice(axis + 1));
  const outer = sizeOf(shape.slice(0, axis));
  const result: number[] = [];
  for (let a = 0; a < outer; a++)
    for (const row of matrix)
      for (let c = 0; c < inner; c++)
        result.push(row.reduce((sum, w, i) => sum + w * data[(a * row.length + i) * inner + c]!, 0));
  return [result, shape.map((edge, i) => (i === axis ? matrix.length : edge))];
}

function reference(x: Float32Array, shape: number[], size: number[], isTransposed: boolean): number[] {
  let data = Array.from(x);
  let at = shape;
  size.forEach((edge, i) => {
    const from = shape[i + 1]!;
    const forward = isTransposed ? axisMatrix(edge, from) : axisMatrix(from, edge);
    const matrix = isTransposed ? forward[0]!.map((_, c) => forward.map((row) => row[c]!)) : forward;
    [data, at] = along(data, at, i + 1, matrix);
  });
  return data;
}

const sizes = fc.integer({ min: 2, max: 3 }).chain((rank) =>
  fc.record({
    from: fc.array(fc.integer({ min: 1, max: rank === 2 ? 17 : 6 }), { minLength: rank, maxLength: rank }),
    to: fc.array(fc.integer({ min: 1, max: rank === 2 ? 17 : 6 }), { minLength: rank, maxLength: rank }),
    batch: fc.integer({ min: 1, max: 3 }),
    channels: fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 11, 32),
  }),
);

describe('native resize', () => {
  it('is the product with the matrices of the axes', () => {
    fc.assert(
      fc.property(sizes, ({ from, to, batch, channels }) => {
        const shape = [batch, ...from, channels];
        const x = tensor(noise(sizeOf(shape), 1), shape);
        const expected = reference(x.dataSync() as Float32Array, shape, to, false);
        expect(relativeError(take(resize(native, x, to)), expected)).toBeLessThan(1e-6);
        x.dispose();
      }),
    );
  });

  it('has the transposed product as its gradient', () => {
    fc.assert(
      fc.property(sizes, ({ from, to, batch, channels }) => {
        const shape = [batch, ...to, channels];
        const dy = tensor(noise(sizeOf(shape), 2), shape);
        const expected = reference(dy.dataSync() as Float32Array, shape, from, true);
        expect(relativeError(take(resizeGrad(native, dy, from)), expected)).toBeLessThan(1e-6);
        dy.dispose();
      }),
    );
  });

  it('changes nothing at the same size', () => {
    const x = tensor(noise(3 * 5 * 3, 3), [1, 3, 5, 3]);
    expect(take(resize(native, x, [3, 5]))).toEqual(x.dataSync());
    expect(take(resizeGrad(native, x, [3, 5]))).toEqual(x.dataSync());
    x.dispose();
  });
});

interface GoldenTensor {
  readonly shape: number[];
  readonly data: number[];
}
interface GoldenCase {
  readonly x: GoldenTensor;
  readonly y: GoldenTensor;
  readonly dy: GoldenTensor;
  readonly dx: GoldenTensor;
  readonly size: number[];
}

for (const file of ['resize2d.json', 'resize3d.json']) {
  const golden = goldenCases<GoldenCase>(file);
  describe.skipIf(golden === undefined)(`golden vectors of ${file}`, () => {
    it.each(golden ?? [])('case %#: to $size', ({ x, y, dy, dx, size }) => {
      const of = ({ shape, data }: GoldenTensor): Tensor => tensor(data, shape);
      expect(relativeError(take(resize(native, of(x), size)), y.data)).toBeLessThan(5e-6);
      expect(relativeError(take(resizeGrad(native, of(dy), x.shape.slice(1, -1))), dx.data)).toBeLessThan(
        5e-6,
      );
    });
  });
}
