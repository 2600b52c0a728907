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
import { dispatcher } from './contract.js';
import type { Implementations, Kernels } from './kernels.js';

beforeAll(() => useBackend('cpu'));

const dispatch = /* @__PURE__ */ dispatcher<Kernels>();
const twice = (x: Tensor) => dispatch('SshnLeakyReluGrad', { dy: x, y: x }, { slope: 2 }, () => mul(x, 2));

test('composes where the backend has no kernel', () => {
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
  expect(calls).toEqual([[['dy', 'y'], { slope: 2 }]]);
  await useBackend('wasm');
  expect(sum(twice(x)).dataSync()[0]).toBe(6);
  await useBackend('cpu');
  unregisterKernel('SshnLeakyReluGrad', 'cpu');
  expect([...twice(x).dataSync()]).toEqual([2, 4]);
});

test('the compiler refuses calls and tables that do not fit the contract', () => {
  const x = tensor1d([1, 2]);
  const composed = () => x;
  // @ts-expect-error There is no kernel of that name.
  dispatch('SshnLeakyRelu', { dy: x, y: x }, { slope: 2 }, composed);
  // @ts-expect-error An input is missing.
  dispatch('SshnLeakyReluGrad', { dy: x }, { slope: 2 }, composed);
  // @ts-expect-error An attribute is mistyped.
  dispatch('SshnLeakyReluGrad', { dy: x, y: x }, { slop: 2 }, composed);
  // @ts-expect-error The composition gives one tensor in place of two.
  dispatch('SshnConvGradRectifier', { dy: x, y: x }, { slope: 2 }, composed);

  // @ts-expect-error Kernels are missing.
  ({ SshnConvGradBias: (_, { dy }) => dy }) satisfies Implementations<undefined>;
  // @ts-expect-error A name is mistyped.
  ({ SshnConvGradBiass: () => x }) satisfies Partial<Implementations<undefined>>;
  // @ts-expect-error The kernel has no such input.
  ({ SshnConvGradBias: (_, { x: other }) => other }) satisfies Partial<Implementations<undefined>>;
  // @ts-expect-error It returns two outputs in place of one.
  ({ SshnConvGradBias: (_, { dy }) => [dy, dy] }) satisfies Partial<Implementations<undefined>>;
  expect([...dispatch('SshnConvGradBias', { dy: x }, {}, composed).dataSync()]).toEqual([1, 2]);
});
