import type { AdamSettings } from '@sshn/ops';
import {
  engine,
  memory,
  mul,
  registerKernel,
  scalar,
  square,
  sum,
  type Tensor,
  tensor,
  tidy,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { adam } from './adam.js';
import { deferredProducts, headGradWeight } from './heads.js';
import { type NativeKernels, registerNativeKernels, unregisterNativeKernels } from './index.js';
import { nativeForTests, noise, take } from './testing/native.js';
import { relativeError } from './testing/reference-conv.js';

const KERNEL = 'OuterProductUnderTest';

let native: NativeKernels;
beforeEach(async () => {
  native = await nativeForTests();
  registerKernel({
    kernelName: KERNEL,
    backendName: 'wasm',
    kernelFunc: ({ inputs }) => headGradWeight(native, inputs.dy!, inputs.hidden!, 1),
  });
});
afterEach(() => {
  unregisterKernel(KERNEL, 'wasm');
  native.dispose();
});

const product = (dy: Tensor, hidden: Tensor): Tensor => engine().runKernel(KERNEL, { dy, hidden }) as Tensor;
const isPending = (x: Tensor): boolean => deferredProducts(native).factorsOf(x) !== undefined;

const settings: AdamSettings = {
  learningRate: 1e-2,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  correction1: 0.1,
  correction2: 0.01,
  weightDecay: 0.1,
  gradientScale: 0.3,
};

describe('a deferred outer product', () => {
  it('is written when it is read, after its factors are gone', () => {
    const dy = tensor([1, -1, 2]);
    const hidden = tensor([10, 1]);
    const x = product(dy, hidden);
    dy.dispose();
    hidden.dispose();
    expect(isPending(x)).toBe(true);
    expect(Array.from(x.dataSync())).toEqual([10, 1, -10, -1, 20, 2]);
    expect(isPending(x)).toBe(false);
    x.dispose();
  });

  it('is written when another kernel takes it', () => {
    const x = product(tensor([1, 2]), tensor([3, 4]));
    expect(Array.from(mul(x, 2).dataSync())).toEqual([6, 8, 12, 16]);
  });

  it('is not written by clones and by disposing, which free it', () => {
    const dy = tensor([1, 2]);
    const hidden = tensor([3, 4]);
    const before = memory();
    const x = product(dy, hidden);
    const shared = native.share(x, [4]);
    x.dispose();
    expect(deferredProducts(native).factorsOf(shared)).toBeDefined();
    expect(take(shared)).toEqual(new Float32Array([3, 4, 6, 8]));
    const y = product(dy, hidden);
    y.dispose();
    expect(isPending(y)).toBe(false);
    expect(memory().numTensors).toBe(before.numTensors);
  });

  it('is written when the kernels are disposed', () => {
    const { disposeData, incRef, refCount } = engine().backend;
    const x = product(tensor([1, 2]), tensor([3, 4]));
    expect(engine().backend.disposeData).not.toBe(disposeData);
    native.dispose();
    expect(Array.from(x.dataSync())).toEqual([3, 4, 6, 8]);
    const now = engine().backend;
    expect([now.disposeData, now.incRef, now.refCount]).toEqual([disposeData, incRef, refCount]);
  });

  it('stays one under what clipping does to it', () => {
    registerNativeKernels(native);
    const dy = tensor(noise(60, 1));
    const hidden = tensor(noise(30, 2));
    const scale = scalar(0.3);
    const results = (x: Tensor): Tensor[] => {
      const squared = square(x);
      return [squared, mul(x, scale), mul(scale, x), sum(squared, -1), sum(sum(squared, -1))];
    };
    const deferred = results(product(dy, hidden));
    expect(deferred.map(isPending)).toEqual([true, true, true, false, false]);
    const written = product(dy, hidden);
    written.dataSync();
    results(written).forEach((expected, i) => {
      expect(deferred[i]!.shape).toEqual(expected.shape);
      expect(relativeError(deferred[i]!.dataSync(), expected.dataSync())).toBeLessThan(2e-6);
    });
    expect(relativeError(sum(product(dy, hidden), 0).dataSync(), sum(written, 0).dataSync())).toBeLessThan(
      2e-6,
    );
    unregisterNativeKernels();
  });

  it.each([
    [1, 1],
    [3, 7],
    [1100, 10],
    [37, 100],
  ])('of %i by %i moves parameters in Adam as the written one does', (height, width) => {
    tidy(() => {
      const x = product(tensor(noise(height, 1)), tensor(noise(width, 2)));
      const [param, m, v] = [3, 4, 5].map((seed) =>
        tensor(noise(height * width, seed).map(Math.abs), [height, width]),
      );
      const step = (): Float32Array[] =>
        adam(native, { param: param!, m: m!, v: v!, grad: x }, settings).map(take);
      const fused = step();
      expect(isPending(x)).toBe(true);
      x.dataSync();
      expect(step()).toEqual(fused);
    });
  });
});
