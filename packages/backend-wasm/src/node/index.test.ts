import { ValueError } from '@sshn/core';
import { distinct } from '@sshn-internal/testing';
import {
  conv2d,
  engine,
  findBackendFactory,
  getBackend,
  getKernel,
  matMul,
  registerBackend,
  removeBackend,
  setBackend,
  type Tensor,
  type Tensor4D,
  tensor2d,
  tensor4d,
  tidy,
} from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { fastWasmStatus, useFastWasm } from './index.js';

const filterGradient = (): number[] =>
  tidy(() => {
    const x = distinct([2, 6, 5, 3]) as Tensor4D;
    const dy = conv2d(x, distinct([3, 3, 3, 4]) as Tensor4D, 1, 'same');
    const attributes = { strides: 1, pad: 'same', dataFormat: 'NHWC', filterShape: [3, 3, 3, 4] };
    const gradient: Tensor = engine().runKernel('Conv2DBackpropFilter', { x, dy }, attributes as never);
    return [...gradient.dataSync()];
  });

// The tests follow one process through its life: each starts where the one before left off.
test('before the call, stock wasm lacks what training needs', async () => {
  await import('@tensorflow/tfjs-backend-wasm');
  await setBackend('wasm');
  expect(fastWasmStatus()).toBeUndefined();
  expect(getKernel('Conv2DBackpropFilter', 'wasm')).toBeUndefined();
});

test('paths that come too late are refused', async () => {
  await expect(useFastWasm({ wasmPaths: '/static/' })).rejects.toThrow(ValueError);
  await expect(useFastWasm({ wasmPaths: '/static/' })).rejects.toThrow(
    'useFastWasm: wasmPaths: got "/static/", expected none, since the wasm backend has started already. ' +
      'Call useFastWasm() before setBackend().',
  );
});

test('one call makes wasm current and able to train', async () => {
  const status = await useFastWasm({ threads: 1 });
  expect(status.limits).toEqual([]);
  expect(getBackend()).toBe('wasm');
  expect(fastWasmStatus()).toBe(status);
  expect(status).toMatchObject({ backend: 'wasm', threads: 1 });
  expect(status.kernels.native).toContain('SshnConv');
  expect(status.kernels.native).toContain('Conv2DBackpropFilter');
  expect(status.kernels.composed).toContain('UnsortedSegmentSum');
  expect(status.kernels.stock).toEqual([]);
});

test('calling again changes nothing, with paths too', async () => {
  const status = fastWasmStatus();
  expect(await useFastWasm({ threads: 1 })).toBe(status);
  expect(await useFastWasm({ wasmPaths: '/static/', threads: 1 })).toBe(status);
});

test('without compiled kernels the results are the same', async () => {
  const compiled = filterGradient();
  const status = await useFastWasm({ native: false });
  expect(status.kernels.native).toEqual([]);
  expect(status.kernels.composed).toContain('Conv2DBackpropFilter');
  expect(engine().backendName).toBe('wasm');
  const composed = filterGradient();
  const scale = Math.max(...composed.map(Math.abs));
  for (const [i, value] of compiled.entries()) expect(value / scale).toBeCloseTo(composed[i]! / scale, 5);
});

test('calls at the same time end where the last one wants', async () => {
  const [first, second] = await Promise.all([useFastWasm(), useFastWasm({ native: false })]);
  expect(first.kernels.native).toContain('SshnConv');
  expect(second.kernels.native).toEqual([]);
  expect(fastWasmStatus()).toBe(second);
});

test('a backend that had started before works on one thread, and says so', async () => {
  const status = await useFastWasm({ threads: 2 });
  expect(status.threads).toBe(1);
  expect(status.limits).toEqual([
    'One thread: the wasm backend had started before useFastWasm, on memory that is not shared.',
  ]);
});

test('a number of threads that is none', async () => {
  await expect(useFastWasm({ threads: 0 })).rejects.toThrow(
    'useFastWasm: threads: got 0, expected an integer of at least 1.',
  );
  await expect(useFastWasm({ threads: 1000 })).rejects.toThrow(
    /^useFastWasm: threads: got 1000, expected at most 64\. This machine runs \d+ at once; more are no faster\.$/,
  );
});

test('after the backend was removed, a call binds the kernels to the new one', async () => {
  const first = await useFastWasm({ threads: 1 });
  const before = filterGradient();
  const factory = findBackendFactory('wasm');
  removeBackend('wasm');
  registerBackend('wasm', factory);
  const second = await useFastWasm({ threads: 1 });
  expect(second).not.toBe(first);
  expect(second.kernels).toEqual(first.kernels);
  expect(filterGradient()).toEqual(before);
  // Kernels of ours that fall back to stock ones, bound to the new backend too.
  const product = matMul(tensor2d([[1, 2]]), tensor2d([[3], [4]]));
  expect([...product.dataSync()]).toEqual([11]);
  const strided = conv2d(tensor4d([1, 2, 3, 4], [1, 2, 2, 1]), tensor4d([5], [1, 1, 1, 1]), 2, 'valid');
  expect([...strided.dataSync()]).toEqual([5]);
});
