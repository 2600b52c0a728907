import { engine, tensor } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';

import { WasmMemoryError } from '../errors.js';
import { conv, convGradInput, convGradKernel } from './conv.js';
import { loadNative, type NativeKernels } from './index.js';
import { nativeForTests, noise, take } from './testing/native.js';
import { sharedBackendForTests } from './testing/shared.js';

const kinds: Array<[memory: string, load: () => Promise<NativeKernels>]> = [
  ['private', nativeForTests],
  ['shared', async () => loadNative(await sharedBackendForTests(), { threads: 2 })],
];

it.each(kinds)(
  '%s memory: scratch grows to the largest need, is used again, and is given back',
  async (_, load) => {
    const native = await load();
    const sizes = [8, 32, 8, 32, 16].map((edge) => {
      const x = tensor(noise(edge * edge * 16, 1), [1, edge, edge, 16]);
      const kernel = tensor(noise(9 * 256, 2), [3, 3, 16, 16]);
      take(conv(native, x, kernel));
      take(convGradInput(native, x, kernel));
      take(convGradKernel(native, x, x, [3, 3]));
      x.dispose();
      kernel.dispose();
      return native.arenaBytes;
    });
    expect(sizes[1]).toBeGreaterThan(sizes[0]!);
    expect(sizes.slice(2)).toEqual([sizes[1], sizes[1], sizes[1]]);
    expect(sizes[1]).toBeLessThan(4 * 2 ** 20);
    native.dispose();
    expect(native.arenaBytes).toBe(0);
  },
);

it.each(kinds)(
  '%s memory: kernels work above 2 GiB, and the end of the heap is an error',
  async (_, load) => {
    const native = await load();
    // Nothing touches these values, so they cost no memory.
    const block = 300_000_000;
    const blocks = [native.output([block]), native.output([block])];
    while (native.address(blocks.at(-1)!) < 2 ** 31) blocks.push(native.output([33 * 29 * 3])); // What is free below.
    const x = tensor(noise(33 * 29 * 3, 1), [1, 33, 29, 3]);
    const kernel = tensor(noise(9 * 3 * 4, 2), [3, 3, 3, 4]);
    const y = conv(native, x, kernel);
    expect(native.address(y)).toBeGreaterThan(2 ** 31);
    const above = take(y);
    const tensors = engine().memory().numTensors;
    const fill = (): void => {
      for (let i = 0; i < 3; i++) blocks.push(native.output([block]));
    };
    expect(fill).toThrow(WasmMemoryError);
    expect(fill).toThrow(
      /^No room for 1145 MiB more in the wasm heap, which has \d+ MiB and ends at 4096 MiB\./,
    );
    expect(() => native.reserve({ scratch: 4e9 })).toThrow('No room for');
    expect(engine().memory().numTensors).toBe(tensors);
    for (const { dataId } of blocks) engine().backend.disposeData(dataId);
    expect(take(conv(native, x, kernel))).toEqual(above);
    x.dispose();
    kernel.dispose();
    native.dispose();
  },
);
