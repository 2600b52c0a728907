import {
  add,
  conv2d,
  engine,
  fused,
  getKernel,
  leakyRelu,
  type Tensor,
  type Tensor4D,
  tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type NativeKernels, registerNativeKernels, unregisterNativeKernels } from './index.js';
import { nativeForTests, noise } from './testing/native.js';
import { relativeError } from './testing/reference-conv.js';

let native: NativeKernels;
beforeAll(async () => {
  native = await nativeForTests();
});
afterAll(unregisterNativeKernels);

const x = (): Tensor4D => tensor(noise(2 * 9 * 8 * 5, 1), [2, 9, 8, 5]);
const filter = (edge: number): Tensor4D => tensor(noise(edge * edge * 5 * 6, 2), [edge, edge, 5, 6]);

/** Values of `compute` on the stock kernels and on ours. */
function both(compute: () => Tensor): [Float32Array, Float32Array] {
  const run = (): Float32Array => tidy(compute).dataSync() as Float32Array;
  unregisterNativeKernels();
  const stock = run();
  registerNativeKernels(native);
  return [stock, run()];
}

describe('registration', () => {
  it('is idempotent and reversible', () => {
    unregisterNativeKernels();
    const stock = getKernel('Conv2D', 'wasm')!.kernelFunc;
    registerNativeKernels(native);
    const first = getKernel('Conv2D', 'wasm')!.kernelFunc;
    registerNativeKernels(native);
    expect(getKernel('SshnConv', 'wasm')).toBeDefined();
    expect(first).not.toBe(stock);
    unregisterNativeKernels();
    expect(getKernel('Conv2D', 'wasm')!.kernelFunc).toBe(stock);
    expect(getKernel('SshnConv', 'wasm')).toBeUndefined();
  });

  it.each([
    ['same', () => conv2d(x(), filter(3), 1, 'same')],
    ['valid', () => conv2d(x(), filter(3), 1, 'valid')],
    ['1x1 valid', () => conv2d(x(), filter(1), 1, 'valid')],
    ['stride 2', () => conv2d(x(), filter(3), 2, 'same')],
    ['dilation 2', () => conv2d(x(), filter(3), 1, 'same', 'NHWC', 2)],
    ['even kernel', () => conv2d(x(), filter(2), 1, 'same')],
    ['padding by number', () => conv2d(x(), filter(3), 1, 1)],
  ] as const)('conv2d %s is as on the stock backend', (_, compute) => {
    const [stock, ours] = both(compute);
    expect(relativeError(ours, stock)).toBeLessThan(1e-5);
  });

  it.each(['linear', 'relu', 'leakyrelu', 'sigmoid'] as const)(
    'fused conv2d with %s is as on the stock backend',
    (activation) => {
      const [stock, ours] = both(() =>
        fused.conv2d({
          x: x(),
          filter: filter(3),
          strides: 1,
          pad: 'same',
          bias: tensor(noise(6, 3)),
          activation,
          leakyreluAlpha: 0.3,
        }),
      );
      expect(relativeError(ours, stock)).toBeLessThan(1e-5);
    },
  );

  it('says what the gradient to the filter does not cover where nothing else has it', () => {
    registerNativeKernels(native);
    const attributes = {
      strides: 2,
      pad: 'same',
      dataFormat: 'NHWC',
      dimRoundingMode: undefined as unknown as string,
      filterShape: [3, 3, 5, 6],
    };
    const dy = tensor(noise(2 * 5 * 4 * 6, 4), [2, 5, 4, 6]);
    expect(() => engine().runKernel('Conv2DBackpropFilter', { x: x(), dy }, attributes)).toThrow(
      'Conv2DBackpropFilter: the wasm backend has this kernel only for float32, channels last, stride 1',
    );
  });

  it('runs the kernels of @sshn/core by name', () => {
    registerNativeKernels(native);
    const bias = tensor(noise(6, 3));
    const y = engine().runKernel('SshnConv', { x: x(), kernel: filter(3), bias }, { slope: 0.1 }) as Tensor;
    const expected = leakyRelu(add(conv2d(x(), filter(3), 1, 'same'), bias), 0.1);
    expect(relativeError(y.dataSync(), expected.dataSync())).toBeLessThan(1e-5);
  });
});
