import { concat, reshape, transpose } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { countFlops } from '../index.js';

test('what only moves elements is free, and listed', () => {
  const { flops, ignored } = countFlops(
    (x) => transpose(concat([x, reshape(x, [3, 4])], 0)),
    [{ shape: [3, 4] }],
  );
  expect(flops).toBe(0);
  expect(ignored).toEqual(
    ['Reshape', 'Concat', 'Transpose'].map((kernel) => ({ kernel, calls: 1, modules: [''] })),
  );
});
