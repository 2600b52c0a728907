import { conv2d, ones, type Tensor4D } from '@tensorflow/tfjs-core';
import { expect, test, vi } from 'vitest';
import { useFastWasm } from './index.js';

// A file of its own: the backend starts once.
test('without shared memory compiled kernels work on one thread, and the status says so', async () => {
  vi.stubGlobal('SharedArrayBuffer', undefined);
  const status = await useFastWasm({ threads: 2 });
  expect(status.threads).toBe(1);
  expect(status.kernels.native).toContain('SshnConv');
  expect(status.limits).toEqual([
    'One thread: this page is not cross-origin isolated, so memory cannot be shared.',
  ]);
  const y = conv2d(ones([1, 5, 5, 2]) as Tensor4D, ones([3, 3, 2, 1]) as Tensor4D, 1, 'same');
  expect(y.dataSync()[12]).toBeCloseTo(18, 4);
});
