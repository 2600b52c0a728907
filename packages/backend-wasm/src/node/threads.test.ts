import workerThreads from 'node:worker_threads';
import { registerGradients } from '@sshn/ops';
import { distinct } from '@sshn-internal/testing';
import {
  conv2d,
  grads,
  removeBackend,
  setBackend,
  square,
  sum,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { fastWasmStatus, useFastWasm, WasmThreadError } from './index.js';

const gradients = (): number[][] => {
  const f = (x: Tensor, kernel: Tensor) => sum(square(conv2d(x as Tensor4D, kernel as Tensor4D, 1, 'same')));
  return grads(f)([distinct([2, 24, 20, 8]), distinct([3, 3, 8, 8], { gap: 0.001 })]).map((gradient) => [
    ...gradient.dataSync(),
  ]);
};

beforeAll(() => registerGradients());
afterAll(() => removeBackend('wasm'));

test('kernels work on as many threads as asked for, and compute the same', async () => {
  const two = await useFastWasm({ threads: 2 });
  expect(two).toMatchObject({ threads: 2, limits: [] });
  const onTwo = gradients();
  const one = await useFastWasm({ threads: 1 });
  expect(one.threads).toBe(1);
  expect(gradients()).toEqual(onTwo);
});

test('another backend in between is no trouble', async () => {
  await setBackend('cpu');
  const status = await useFastWasm({ threads: 2 });
  expect(status.threads).toBe(2);
  expect(fastWasmStatus()).toBe(status);
  expect(gradients()[1]).toHaveLength(3 * 3 * 8 * 8);
});

test('a thread that is killed is an error that says so, until the next call', async () => {
  await useFastWasm({ threads: 1 });
  const started: workerThreads.Worker[] = [];
  const { Worker } = workerThreads;
  workerThreads.Worker = class extends Worker {
    constructor(...options: ConstructorParameters<typeof Worker>) {
      super(...options);
      started.push(this);
    }
  };
  const status = await useFastWasm({ threads: 2 });
  workerThreads.Worker = Worker;
  expect(started).toHaveLength(1);
  await started[0]!.terminate();
  const problem = 'Thread 1 of 2 died: it ended with code 1.';
  await vi.waitFor(() => expect(gradients).toThrow(new WasmThreadError(problem)));
  expect(fastWasmStatus()!.limits).toEqual([expect.stringContaining(problem)]);
  expect(await useFastWasm({ threads: 2 })).toEqual(status);
  expect(gradients()[1]).toHaveLength(3 * 3 * 8 * 8);
});
