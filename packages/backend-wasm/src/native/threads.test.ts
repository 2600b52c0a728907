import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { engine, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';

import { adam } from './adam.js';
import type { NativeBuild } from './compile.js';
import { conv, convGradInput, convGradKernel } from './conv.js';
import { concat, split } from './copies.js';
import { head, headGradHidden, headGradWeight } from './heads.js';
import { loadNative, type NativeKernels } from './index.js';
import { crossEntropy, softDice } from './losses.js';
import { convGradBias, convGradRectifier, leakyReluGrad } from './pointwise.js';
import { resize, resizeGrad } from './resize.js';
import { noise, take } from './testing/native.js';
import { enableRelaxedSimd } from './testing/relaxed.js';
import { sharedBackendForTests } from './testing/shared.js';
import { warp, warpGradField, warpGradImage } from './warp.js';

let shared: BackendWasm;
beforeAll(async () => {
  shared = await sharedBackendForTests();
});

let native: NativeKernels;
afterEach(() => native.dispose());

const hasRelaxed = enableRelaxedSimd();

/** Bytes of the results of every threaded kernel on `threads` threads. */
async function results(threads: number, build: NativeBuild): Promise<Buffer> {
  native = await loadNative(shared, { threads, build });
  expect(native).toMatchObject({ threads, build });
  const made: Tensor[] = [];
  const make = (shape: number[], seed: number): Tensor => {
    made.push(
      tensor(
        noise(
          shape.reduce((a, b) => a * b),
          seed,
        ),
        shape,
      ),
    );
    return made.at(-1)!;
  };
  const x = make([2, 61, 47, 9], 1);
  const kernel = make([3, 3, 9, 20], 2);
  const wide = make([5, 5, 9, 20], 3);
  const dy = make([2, 61, 47, 20], 4);
  const flat = make([200_001], 5);
  const weight = make([6001, 19], 6);
  const hidden = make([19], 7);
  const outputs = make([6001], 8);
  const settings = {
    learningRate: 1e-3,
    beta1: 0.9,
    beta2: 0.99,
    epsilon: 1e-7,
    correction1: 0.1,
    correction2: 0.01,
    weightDecay: 0,
  };
  const image = make([2, 37, 43, 3], 9);
  const field = make([2, 37, 43, 2], 10);
  const volume = make([1, 19, 14, 17, 1], 11);
  const deep = make([1, 19, 14, 17, 3], 12);
  const sampling = { interpolation: 'linear', padding: 'reflect' } as const;
  const dice = { squaredDenominator: true, smooth: 1, includeBackground: true, perSample: false };
  const values = [
    conv(native, x, kernel, { slope: 0.1 }),
    conv(native, x, wide),
    convGradInput(native, dy, kernel),
    convGradKernel(native, x, dy, [3, 3]),
    convGradKernel(native, x, dy, [5, 5]),
    convGradBias(native, dy),
    leakyReluGrad(native, { dy, y: dy, slope: 0.1 }),
    ...convGradRectifier(native, { dy, y: dy, slope: 0.1 }),
    ...crossEntropy(native, { logits: dy, labels: dy }),
    ...softDice(native, { logits: dy, labels: dy }, dice),
    resize(native, x, [90, 31]),
    resizeGrad(native, dy, [30, 95]),
    concat(native, [x, dy], 3),
    ...split(native, dy, [5, 15], 3),
    head(native, weight, hidden),
    headGradWeight(native, outputs, hidden),
    headGradHidden(native, weight, outputs),
    warp(native, { image, field }, sampling),
    warp(native, { image: volume, field: deep }, sampling),
    warpGradField(native, { dy: image, image, field }, sampling),
    warpGradField(native, { dy: volume, image: volume, field: deep }, sampling),
    warpGradImage(native, { dy: image, field, inputSize: [35, 40] }, sampling),
    warpGradImage(native, { dy: volume, field: deep, inputSize: [19, 14, 17] }, sampling),
    ...adam(native, { param: flat, m: flat, v: flat, grad: flat }, settings),
  ].map(take);
  for (const t of made) t.dispose();
  native.dispose();
  return Buffer.concat(values.map(({ buffer }) => Buffer.from(buffer)));
}

describe('threads', () => {
  it('change no bit of any result', async () => {
    const alone = await results(1, 'fixed');
    for (const threads of [2, 3, 8]) expect((await results(threads, 'fixed')).equals(alone)).toBe(true);
  });

  it.skipIf(!hasRelaxed).each(['relaxed', 'wide'] as const)("nor of any of the build '%s'", async (build) => {
    const alone = await results(1, build);
    for (const threads of [2, 8]) expect((await results(threads, build)).equals(alone)).toBe(true);
  });

  it.each([1, 2, 4, 8])('%i of them get through 10000 jobs', async (threads) => {
    native = await loadNative(shared, { threads });
    const x = tensor(noise(200, 1), [1, 100, 1, 2]);
    const kernel = tensor(noise(4, 2), [1, 1, 2, 2]);
    const expected = take(conv(native, x, kernel));
    for (let i = 0; i < 10_000; i++) {
      const y = conv(native, x, kernel);
      if (i % 100 === 0) expect(take(y)).toEqual(expected);
      else engine().backend.disposeData(y.dataId);
      // Now and then long enough for the workers to fall asleep.
      if (i % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    x.dispose();
    kernel.dispose();
  });

  it('survive the growth of the memory', async () => {
    native = await loadNative(shared, { threads: 2 });
    const big = Array.from({ length: 3 }, (_, i) => tensor(new Float32Array(6_000_000).fill(i)));
    const x = tensor(noise(64 * 64 * 8, 1), [1, 64, 64, 8]);
    const kernel = tensor(noise(9 * 64, 2), [3, 3, 8, 8]);
    const threaded = take(conv(native, x, kernel));
    native.dispose();
    expect(native.threads).toBe(1);
    expect(take(conv(native, x, kernel))).toEqual(threaded);
    for (const t of [...big, x, kernel]) t.dispose();
  });
});
