import { withoutLeak } from '@sshn-internal/testing';
import { engine, type Tensor, tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deferredProducts, head, headGradHidden, headGradWeight } from './heads.js';
import { type NativeKernels, registerNativeKernels, unregisterNativeKernels } from './index.js';
import { nativeForTests, noise, take } from './testing/native.js';
import { relativeError } from './testing/reference-conv.js';

describe('heads', () => {
  let native: NativeKernels;
  beforeAll(async () => {
    native = await nativeForTests();
  });

  const sizes = fc.record({
    outputs: fc.integer({ min: 1, max: 150 }),
    width: fc.integer({ min: 1, max: 131 }),
  });

  /** Runs all three passes and their double-precision references. */
  function passes(outputs: number, width: number): Array<[got: Float32Array, expected: Float64Array]> {
    const [w, h, d] = [noise(outputs * width, 1), noise(width, 2), noise(outputs, 3)] as const;
    const weight = tensor(w, [outputs, width]);
    const hidden = tensor(h);
    const dy = tensor(d);
    const product = new Float64Array(outputs);
    const gradWeight = new Float64Array(outputs * width);
    const gradHidden = new Float64Array(width);
    for (let o = 0; o < outputs; o++) {
      for (let j = 0; j < width; j++) {
        product[o]! += w[o * width + j]! * h[j]!;
        gradWeight[o * width + j] = d[o]! * h[j]!;
        gradHidden[j]! += d[o]! * w[o * width + j]!;
      }
    }
    const result: Array<[Float32Array, Float64Array]> = [
      [take(head(native, weight, hidden)), product],
      [take(headGradWeight(native, dy, hidden)), gradWeight],
      [take(headGradHidden(native, weight, dy)), gradHidden],
    ];
    for (const t of [weight, hidden, dy]) t.dispose();
    return result;
  }

  describe('a head of the hypernetwork', () => {
    it('multiplies as by hand', () => {
      const weight = tensor([1, 2, 3, 4, 5, 6], [3, 2]);
      const hidden = tensor([10, 1]);
      const dy = tensor([1, -1, 2]);
      expect([...take(head(native, weight, hidden))]).toEqual([12, 34, 56]);
      expect([...take(headGradWeight(native, dy, hidden))]).toEqual([10, 1, -10, -1, 20, 2]);
      expect([...take(headGradHidden(native, weight, dy))]).toEqual([8, 10]);
      for (const t of [weight, hidden, dy]) t.dispose();
    });

    it('is as in double precision for every number of outputs and width', () => {
      fc.assert(
        fc.property(sizes, ({ outputs, width }) => {
          for (const [got, expected] of passes(outputs, width)) {
            // The terms are below one; where they cancel, an error relative to the sum says nothing.
            const scale = Math.max(...expected.map(Math.abs));
            expect(relativeError(got, expected) * scale).toBeLessThan(1e-5);
          }
        }),
      );
    });

    it('stays precise over many outputs, and gives the same bits again', () => {
      const first = passes(18432, 100);
      for (const [got, expected] of first) expect(relativeError(got, expected)).toBeLessThan(2e-6);
      passes(18432, 100).forEach(([got], i) => {
        expect(Buffer.from(got.buffer).equals(Buffer.from(first[i]![0].buffer))).toBe(true);
      });
    });

    it('does not grow the heap over a thousand calls', () => {
      const heap = (): number => native.words().byteLength;
      passes(33, 7);
      const before = heap();
      for (let i = 0; i < 1000; i++) passes(33, 7);
      expect(heap()).toBe(before);
    });
  });
});

describe('global norm', () => {
  let native: NativeKernels;
  beforeAll(async () => {
    native = await nativeForTests();
    registerNativeKernels(native);
  });
  afterAll(unregisterNativeKernels);

  const norm = (...tensors: readonly Tensor[]): number => {
    const result = engine().runKernel(
      'SshnGlobalNorm',
      Object.fromEntries(tensors.entries()),
    ) as unknown as Tensor;
    const value = result.dataSync()[0]!;
    result.dispose();
    return value;
  };

  it('is the root of the sum of all squares, of any number of tensors of any size', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 70 }), { maxLength: 4 }), (sizes) => {
        const values = sizes.map((size, i) => noise(size, i + 1));
        const tensors = values.map((list) => tensor(list));
        const want = Math.hypot(...values.flatMap((list) => [...list]));
        expect(norm(...tensors)).toBeCloseTo(want, 5);
        for (const t of tensors) t.dispose();
      }),
    );
  });

  it('does not overflow where only squares would', () => {
    const x = tensor([3e30, 4e30]);
    expect(norm(x)).toBe(Math.fround(5e30));
    x.dispose();
  });

  it('says so where an entry is not finite', () => {
    for (const [entry, want] of [
      [Number.NaN, Number.NaN],
      [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
    ]) {
      const x = tensor([1, entry!, ...Array<number>(9).fill(2)]);
      expect(norm(x)).toBe(want);
      x.dispose();
    }
  });

  it('takes an outer product from its factors, which stay unwritten, and leaves nothing behind', async () => {
    const [dy, hidden] = [tensor([1, -2, 3]), tensor([2, 1])];
    await withoutLeak(() => {
      const product = engine().runKernel('SshnHeadGradWeight', { dy, hidden }) as unknown as Tensor;
      expect(norm(product, dy)).toBeCloseTo(Math.sqrt(14 * 5 + 14), 6);
      expect(deferredProducts(native).factorsOf(product)).toBeDefined();
      expect([...product.dataSync()]).toEqual([2, 1, -4, -2, 6, 3]);
      product.dispose();
    });
    dy.dispose();
    hidden.dispose();
  });
});
