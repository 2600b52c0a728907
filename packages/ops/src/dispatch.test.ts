import { useBackend } from '@sshn-internal/testing';
import {
  mul,
  registerKernel,
  scalar,
  sum,
  type Tensor,
  tensor1d,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { dispatch } from './dispatch.js';

beforeAll(() => useBackend('cpu'));

const twice = (x: Tensor) => dispatch('SshnLeakyReluGrad', { dy: x }, { slope: 2 }, () => mul(x, 2));

test('composes where the backend brings no kernel', () => {
  expect([...twice(tensor1d([1, 2])).dataSync()]).toEqual([2, 4]);
});

test('runs the kernel of the current backend, with its inputs and attributes', async () => {
  const calls: unknown[] = [];
  const result = scalar(7);
  registerKernel({
    kernelName: 'SshnLeakyReluGrad',
    backendName: 'cpu',
    kernelFunc: ({ inputs, attrs }) => {
      calls.push([Object.keys(inputs), attrs]);
      return result;
    },
  });
  const x = tensor1d([1, 2]);
  expect(twice(x).dataSync()[0]).toBe(7);
  expect(calls).toEqual([[['dy'], { slope: 2 }]]);
  await useBackend('wasm');
  expect(sum(twice(x)).dataSync()[0]).toBe(6);
  await useBackend('cpu');
  unregisterKernel('SshnLeakyReluGrad', 'cpu');
  expect([...twice(x).dataSync()]).toEqual([2, 4]);
});
