import { withoutLeak } from '@sshn-internal/testing';
import { dispose, engine, type Tensor, tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deferredProducts, heads, headsGradient } from './heads.js';
import { type NativeKernels, registerNativeKernels, unregisterNativeKernels } from './index.js';
import { nativeForTests, noise, take } from './testing/native.js';
import { relativeError } from './testing/reference-conv.js';

describe('heads', () => {
  let native: NativeKernels;
  beforeAll(async () => {
    native = await nativeForTests();
  });

  const sizes = fc.record({
    outputs: fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 3 }),
    width: fc.integer({ min: 1, max: 131 }),
  });

  /** Runs both passes and their double-precision references. */
  function passes(
    outputs: readonly number[],
    width: number,
  ): Array<[got: Float32Array, expected: Float64Array]> {
    const [gates, hidden] = [noise(outputs.length, 1), noise(width, 2)];
    const all = outputs.map((count, i) => ({
      weight: noise(count * width, 3 + i),
      base: noise(count, 13 + i),
      dy: noise(count, 23 + i),
      scale: i % 2 === 0 ? 1 : 0.7,
    }));
    const toGates = new Float64Array(outputs.length);
    const toHidden = new Float64Array(width);
    const references = all.map(({ weight, base, dy, scale }, i) => {
      const sum = Float64Array.from(base, (value) => scale * value);
      const toWeight = new Float64Array(weight.length);
      for (let at = 0; at < weight.length; at++) {
        const [o, j] = [Math.floor(at / width), at % width];
        sum[o]! += weight[at]! * gates[i]! * hidden[j]!;
        toWeight[at] = dy[o]! * gates[i]! * hidden[j]!;
        toGates[i]! += dy[o]! * weight[at]! * hidden[j]!;
        toHidden[j]! += dy[o]! * weight[at]! * gates[i]!;
      }
      return { sum, toWeight };
    });
    const inputs: Record<string, Tensor> = {
      gates: tensor(gates, [outputs.length, 1]),
      hidden: tensor(hidden, [1, width]),
    };
    for (const [i, { weight, base, dy }] of all.entries()) {
      inputs[`weight${i}`] = tensor(weight, [base.length, width]);
      inputs[`base${i}`] = tensor(base, [base.length, 1]);
      inputs[`dy${i}`] = tensor(dy, [base.length, 1]);
    }
    const got = [
      ...heads(
        native,
        inputs,
        all.map(({ scale }) => scale),
      ),
      ...headsGradient(native, inputs),
    ];
    const expected = [
      ...references.map(({ sum }) => sum),
      toGates,
      toHidden,
      ...references.map(({ toWeight }) => toWeight),
    ];
    const result = got.map((each, i): [Float32Array, Float64Array] => [take(each), expected[i]!]);
    dispose(inputs);
    return result;
  }

  describe('of the hypernetwork', () => {
    it('multiply and add as by hand', () => {
      const inputs = {
        gates: tensor([2], [1, 1]),
        hidden: tensor([5, 0.5], [1, 2]),
        weight0: tensor([1, 2, 3, 4, 5, 6], [3, 2]),
        base0: tensor([100, 200, 300]),
        dy0: tensor([1, -1, 2]),
      };
      expect([...take(heads(native, inputs, [0.5])[0]!)]).toEqual([62, 134, 206]);
      const [toGates, toHidden, toWeight] = headsGradient(native, inputs).map((each) => [...take(each)]);
      expect(toGates).toEqual([45]);
      expect(toHidden).toEqual([16, 20]);
      expect(toWeight).toEqual([10, 1, -10, -1, 20, 2]);
      dispose(inputs);
    });

    it('are as in double precision for every number of outputs and width', () => {
      fc.assert(
        fc.property(sizes, ({ outputs, width }) => {
          for (const [got, expected] of passes(outputs, width)) {
            // The terms are below one; where they cancel, an error relative to the sum says nothing.
            const scale = Math.max(...expected.map(Math.abs));
            expect(relativeError(got, expected) * scale).toBeLessThan(2e-5);
          }
        }),
      );
    });

    it('stay precise over many outputs, and give the same bits again', () => {
      const first = passes([18432], 100);
      for (const [got, expected] of first) expect(relativeError(got, expected)).toBeLessThan(2e-6);
      passes([18432], 100).forEach(([got], i) => {
        expect(Buffer.from(got.buffer).equals(Buffer.from(first[i]![0].buffer))).toBe(true);
      });
    });

    it('do not grow the heap over a thousand calls', () => {
      const heap = (): number => native.words().byteLength;
      passes([33], 7);
      const before = heap();
      for (let i = 0; i < 1000; i++) passes([33], 7);
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
    const [dy, hidden, gates] = [tensor([1, -2, 3]), tensor([2, 1]), tensor([1])];
    const weight = tensor([1, 0, 0, 1, 1, 1], [3, 2]);
    await withoutLeak(() => {
      const inputs = { gates, hidden, weight0: weight, dy0: dy };
      const [toGates, toHidden, product] = engine().runKernel('SshnHeadsGrad', inputs) as unknown as [
        Tensor,
        Tensor,
        Tensor,
      ];
      expect(norm(product, dy)).toBeCloseTo(Math.sqrt(14 * 5 + 14), 6);
      expect(deferredProducts(native).factorsOf(product)).toBeDefined();
      expect([...product.dataSync()]).toEqual([2, 1, -4, -2, 6, 3]);
      dispose([toGates, toHidden, product]);
    });
    dispose([dy, hidden, gates, weight]);
  });
});
