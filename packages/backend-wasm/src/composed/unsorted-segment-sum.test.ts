import { tensor, tensor1d, tensor2d, tidy, unsortedSegmentSum } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compare, normal, withComposedKernels } from './testing/kernels.js';

withComposedKernels();

test('adds rows of equal id and drops those of no segment', () => {
  const x = tensor2d([
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
  ]);
  const sums = unsortedSegmentSum(x, tensor1d([1, -1, 1, 3], 'int32'), 3);
  expect(sums.arraySync()).toEqual([
    [0, 0],
    [6, 8],
    [0, 0],
  ]);
});

test('keeps whole numbers whole', () => {
  const sums = unsortedSegmentSum(tensor1d([1, 2, 3], 'int32'), tensor1d([0, 0, 1], 'int32'), 2);
  expect(sums.dtype).toBe('int32');
  expect([...sums.dataSync()]).toEqual([3, 3]);
});

test('is what the cpu backend computes', async () => {
  const shape = fc.record({
    rows: fc.integer({ min: 1, max: 20 }),
    columns: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 2 }),
    segments: fc.integer({ min: 1, max: 6 }),
    seed: fc.nat(),
  });
  const property = fc.asyncProperty(shape, async ({ rows, columns, segments, seed }) => {
    const { error, shapes } = await compare(seed, (rng) =>
      tidy(() => {
        const ids = Int32Array.from({ length: rows }, () => rng.integer(segments + 2) - 1);
        const x = normal(rng, [rows, ...columns]);
        return unsortedSegmentSum(x, tensor(ids, [rows], 'int32') as never, segments);
      }),
    );
    expect(shapes[0]).toEqual(shapes[1]);
    expect(error).toBeLessThan(1e-5);
  });
  await fc.assert(property, { numRuns: 60 });
});
