import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { engine, tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { NativeBuild } from './compile.js';
import { conv } from './conv.js';
import { loadNative, type NativeKernels } from './index.js';
import { everyKernel } from './testing/every-kernel.js';
import { noise, take } from './testing/native.js';
import { enableRelaxedSimd } from './testing/relaxed.js';
import { sharedBackendForTests } from './testing/shared.js';

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
  const values = everyKernel(native).map(take);
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
