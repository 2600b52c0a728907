import { useBackend } from '@sshn-internal/testing';
import { getKernel, type KernelConfig, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, expect, test } from 'vitest';
import {
  composedKernels,
  isComposed,
  registerComposedKernels,
  unregisterComposedKernels,
} from './register.js';

beforeAll(() => useBackend('wasm'));
afterEach(unregisterComposedKernels);

const of = (kernelName: string) => (getKernel(kernelName, 'wasm') as KernelConfig | undefined)?.kernelFunc;

test('stock tfjs lacks what we call missing and has what we call slow or wrong', () => {
  for (const { kernelName, reason } of composedKernels) {
    expect(of(kernelName) === undefined, kernelName).toBe(reason === 'missing');
  }
});

test('registers once, and takes back', () => {
  const before = composedKernels.map(({ kernelName }) => of(kernelName));
  registerComposedKernels();
  const first = composedKernels.map(({ kernelName }) => of(kernelName));
  expect(first.every((kernel, i) => kernel !== undefined && kernel !== before[i])).toBe(true);
  registerComposedKernels();
  expect(composedKernels.map(({ kernelName }) => of(kernelName))).toEqual(first);
  unregisterComposedKernels();
  expect(composedKernels.map(({ kernelName }) => of(kernelName))).toEqual(before);
});

test('leaves a kernel alone that a newer tfjs brings', () => {
  const theirs = () => ({ dataId: {}, shape: [], dtype: 'float32' }) as const;
  registerKernel({ kernelName: 'UnsortedSegmentSum', backendName: 'wasm', kernelFunc: theirs as never });
  registerComposedKernels();
  expect(of('UnsortedSegmentSum')).toBe(theirs);
  expect(isComposed('UnsortedSegmentSum')).toBe(false);
  expect(isComposed('Conv2DBackpropFilter')).toBe(true);
  unregisterComposedKernels();
  unregisterKernel('UnsortedSegmentSum', 'wasm');
});
