import { engine, memory, type Tensor, tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { type NativeKernels, registerNativeKernels, unregisterNativeKernels } from '../index.js';
import { nativeForTests, noise } from '../testing/native.js';
import { deferredProducts } from './head.js';

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

it('takes an outer product from its factors, which stay unwritten, and leaves nothing behind', () => {
  const [dy, hidden] = [tensor([1, -2, 3]), tensor([2, 1])];
  const before = memory().numTensors;
  const product = engine().runKernel('SshnHeadGradWeight', { dy, hidden }) as unknown as Tensor;
  expect(norm(product, dy)).toBeCloseTo(Math.sqrt(14 * 5 + 14), 6);
  expect(deferredProducts(native).factorsOf(product)).toBeDefined();
  expect([...product.dataSync()]).toEqual([2, 1, -4, -2, 6, 3]);
  product.dispose();
  expect(memory().numTensors).toBe(before);
  dy.dispose();
  hidden.dispose();
});
