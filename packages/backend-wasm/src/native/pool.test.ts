import { engine, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it, vi } from 'vitest';

import { conv } from './conv.js';
import type { NativeKernels } from './index.js';
import { CONTROL_BYTES, NativePoolError, Pool } from './pool.js';
import { nativeForTests, noise, take } from './testing/native.js';

let native: NativeKernels;
beforeAll(async () => {
  native = await nativeForTests();
});

/** A module without anything in it: whoever serves it fails. */
const EMPTY = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

it('a thread that dies is an error of the next job, and no hang', async () => {
  const { control } = native.reserve({ control: CONTROL_BYTES });
  native.words().fill(0, control / 4, (control + CONTROL_BYTES) / 4);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const pool = new Pool(native.exports, 2, { module: await WebAssembly.compile(EMPTY), memory, control });
  const run = (): void => pool.run(-2, 0, 4);
  run();
  await vi.waitFor(() => expect(run).toThrow(NativePoolError), { timeout: 20_000 });
  expect(run).toThrow(/^Thread 1 of 2 died: TypeError/);
  pool.dispose();
});

it('kernels work on tensors above 2 GiB', () => {
  // Nothing touches these values, so they cost no memory.
  const low = native.output([300_000_000]);
  const high = native.output([300_000_000]);
  const x = tensor(noise(5 * 7 * 3, 1), [1, 5, 7, 3]);
  const kernel = tensor(noise(9 * 3 * 4, 2), [3, 3, 3, 4]);
  const y = conv(native, x, kernel);
  expect(native.address(y)).toBeGreaterThan(2 ** 31);
  const above = take(y);
  for (const { dataId } of [low, high]) engine().backend.disposeData(dataId);
  expect(take(conv(native, x, kernel))).toEqual(above);
  x.dispose();
  kernel.dispose();
});
