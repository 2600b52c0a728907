import { Rng } from '@sshn/core';
import { abs, expandDims, fused, matMul, max, mul, reshape, sub, sum, tidy } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compare, normal, withComposedKernels } from './testing/kernels.js';

const flags = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;

const flipped = (shape: readonly number[]) => [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!];

withComposedKernels();

describe('BatchMatMul', () => {
  const sizes = fc.record({
    batch: fc.integer({ min: 1, max: 3 }),
    rows: fc.integer({ min: 1, max: 9 }),
    inner: fc.integer({ min: 1, max: 9 }),
    columns: fc.integer({ min: 1, max: 9 }),
    ta: fc.boolean(),
    tb: fc.boolean(),
    seed: fc.nat(),
  });

  test('is what the cpu backend computes', async () => {
    const property = fc.asyncProperty(sizes, async ({ batch, rows, inner, columns, ta, tb, seed }) => {
      const { error, shapes } = await compare(seed, (rng) =>
        tidy(() => {
          const a = normal(rng, ta ? [batch, inner, rows] : [batch, rows, inner]);
          const b = normal(rng, tb ? [batch, columns, inner] : [batch, inner, columns]);
          return matMul(a, b, ta, tb);
        }),
      );
      expect(shapes).toEqual([
        [batch, rows, columns],
        [batch, rows, columns],
      ]);
      expect(error).toBeLessThan(1e-5);
    });
    await fc.assert(property, { numRuns: 60 });
  });

  // Large enough for each of the ways: rows folded, one matrix at a time, the stock loop.
  test.each([
    { a: [2, 80, 50], b: [2, 50, 60] },
    { a: [1, 80, 50], b: [3, 50, 60] },
    { a: [3, 80, 50], b: [1, 50, 60] },
    { a: [1, 4, 5], b: [3, 5, 6] },
    { a: [2, 3, 4, 5], b: [5, 6] },
    { a: [130, 70], b: [70, 90] },
  ])('$a · $b, with and without flags', async ({ a, b }) => {
    for (const [ta, tb] of flags) {
      const { error } = await compare(3, (rng) =>
        tidy(() => matMul(normal(rng, ta ? flipped(a) : a), normal(rng, tb ? flipped(b) : b), ta, tb)),
      );
      expect(error).toBeLessThan(2e-4);
    }
  });

  test('broadcasts the batches of both factors, which the stock kernels get wrong', () => {
    const rng = Rng.fromSeed(5);
    tidy(() => {
      const [a, b] = [normal(rng, [2, 1, 3, 4]), normal(rng, [3, 4, 5])];
      const wanted = sum(mul(expandDims(a, 4), reshape(b, [1, 3, 1, 4, 5])), 3);
      const difference = max(abs(sub(matMul(a, b), wanted)));
      expect(difference.dataSync()[0]).toBeLessThan(1e-5);
    });
  });
});

describe('_FusedMatMul', () => {
  test.each(flags)(
    'with bias and activation, transposeA %s, transposeB %s',
    async (transposeA, transposeB) => {
      for (const activation of ['linear', 'relu', 'leakyrelu'] as const) {
        for (const [a, b] of [
          [
            [7, 5],
            [5, 6],
          ],
          [
            [2, 7, 5],
            [2, 5, 6],
          ],
          [
            [3, 7, 5],
            [1, 5, 6],
          ],
        ] as const) {
          const { error } = await compare(7, (rng) =>
            tidy(() =>
              fused.matMul({
                a: normal(rng, transposeA ? flipped(a) : a),
                b: normal(rng, transposeB ? flipped(b) : b),
                transposeA,
                transposeB,
                bias: normal(rng, [6]),
                activation,
              }),
            ),
          );
          expect(error).toBeLessThan(1e-5);
        }
      }
    },
  );
});
