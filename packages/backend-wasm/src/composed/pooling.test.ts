import { distinct } from '@sshn-internal/testing';
import {
  avgPool,
  avgPool3d,
  maxPool,
  maxPool3d,
  mul,
  sum,
  type Tensor,
  type Tensor4D,
  type Tensor5D,
  tensor5d,
  tidy,
} from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compare, normal, run, withComposedKernels } from './testing/kernels.js';

const layout = fc
  .record({
    filterSize: fc.integer({ min: 1, max: 3 }),
    strides: fc.integer({ min: 1, max: 3 }),
    pad: fc.constantFrom('same' as const, 'valid' as const),
    size: fc.tuple(
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 7 }),
    ),
    seed: fc.nat(1000),
  })
  .filter(({ pad, size, filterSize }) => pad === 'same' || Math.min(...size) >= filterSize);

withComposedKernels();

/** Pooling of whichever rank. */
type Pool = (x: Tensor, filterSize: number, strides: number, pad: 'same' | 'valid') => Tensor;

describe('MaxPool3D', () => {
  test('knows windows of negative numbers', () => {
    const x = tensor5d([-3, -1, -2, -4], [1, 1, 2, 2, 1]);
    expect([...maxPool3d(x, [1, 2, 2], 1, 'valid').dataSync()]).toEqual([-1]);
  });

  test('is what the cpu backend computes', async () => {
    const property = fc.asyncProperty(layout, async ({ filterSize, strides, pad, size, seed }) => {
      const { error, shapes } = await compare(seed, (rng) =>
        tidy(() => maxPool3d(normal(rng, [2, ...size, 2]) as Tensor5D, filterSize, strides, pad)),
      );
      expect(shapes[0]).toEqual(shapes[1]);
      expect(error).toBe(0);
    });
    await fc.assert(property, { numRuns: 60 });
  });
});

describe.each([
  ['MaxPoolGrad', maxPool, 2],
  ['MaxPool3DGrad', maxPool3d, 3],
] as const)('%s', (kernel, pool, rank) => {
  test('is what the cpu backend computes where there are no ties', async () => {
    const property = fc.asyncProperty(layout, async ({ filterSize, strides, pad, size, seed }) => {
      const attributes = { filterSize, strides, pad };
      const { error } = await compare(seed, (rng) =>
        tidy(() => {
          const input = distinct([2, ...size.slice(0, rank), 2], { seed }) as Tensor4D;
          const output: Tensor = (pool as Pool)(input, filterSize, strides, pad);
          return run(kernel, { dy: normal(rng, output.shape), input, output }, attributes);
        }),
      );
      expect(error).toBeLessThan(1e-5);
    });
    await fc.assert(property, { numRuns: 40 });
  });
});

// Not against the cpu backend: its kernels count padding too.
describe.each([
  ['AvgPoolGrad', avgPool, 2],
  ['AvgPool3DGrad', avgPool3d, 3],
] as const)('%s', (kernel, pool, rank) => {
  test('is adjoint to the pooling', () => {
    const property = fc.property(layout, ({ filterSize, strides, pad, size, seed }) => {
      tidy(() => {
        const input = distinct([2, ...size.slice(0, rank), 2], { seed }) as Tensor4D;
        const output: Tensor = (pool as Pool)(input, filterSize, strides, pad);
        const dy = distinct(output.shape, { seed: seed + 1 });
        const dx = run(kernel, { dy, input }, { filterSize, strides, pad });
        const product = (a: Tensor, b: Tensor) => sum(mul(a, b)).dataSync()[0]!;
        const expected = product(output, dy);
        expect(dx.shape).toEqual(input.shape);
        expect(Math.abs(product(dx, input) - expected)).toBeLessThan(1e-3 * (1 + Math.abs(expected)));
      });
    });
    fc.assert(property, { numRuns: 60 });
  });
});
