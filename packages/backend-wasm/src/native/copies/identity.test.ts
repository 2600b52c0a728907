import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import {
  add,
  addN,
  backend,
  clone,
  engine,
  keep,
  memory,
  reshape,
  type Tensor,
  tensor,
  tidy,
  variable,
} from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { registerNativeKernels, unregisterNativeKernels } from '../index.js';
import { nativeForTests } from '../testing/native.js';

beforeAll(async () => registerNativeKernels(await nativeForTests()));
afterAll(unregisterNativeKernels);

const address = (x: Tensor): number => (backend() as BackendWasm).dataIdMap.get(x.dataId).memoryOffset;
const counts = (): number[] => [
  memory().numTensors,
  memory().numDataBuffers,
  (backend() as BackendWasm).numDataIds(),
];

describe('a clone', () => {
  it('shares its values and outlives the original, whichever goes first', () => {
    for (const firstGone of [0, 1]) {
      const before = counts();
      const x = tensor([1, 2, 3]);
      const pair = [x, clone(x)];
      expect(address(pair[0]!)).toBe(address(pair[1]!));
      expect(counts()).toEqual([before[0]! + 2, before[1]! + 1, before[2]! + 1]);
      pair[firstGone]!.dispose();
      expect(counts()).toEqual([before[0]! + 1, before[1]! + 1, before[2]! + 1]);
      expect([...pair[1 - firstGone]!.dataSync()]).toEqual([1, 2, 3]);
      pair[1 - firstGone]!.dispose();
      expect(counts()).toEqual(before);
    }
  });

  it.each(['float32', 'int32', 'bool', 'string'] as const)('of %s holds the same values', (dtype) => {
    const x = dtype === 'string' ? tensor(['a', 'bc']) : tensor([1, 0], [2], dtype);
    const copy = clone(x);
    expect(copy.dtype).toBe(dtype);
    expect([...(copy.dataSync() as Iterable<unknown>)]).toEqual([...(x.dataSync() as Iterable<unknown>)]);
    x.dispose();
    copy.dispose();
  });

  it('survives tidy when kept, and a chain of clones and reshapes frees its values once', () => {
    const before = counts();
    const x = tensor([1, 2, 3, 4]);
    const kept = tidy(() => {
      const second = clone(reshape(clone(x), [2, 2]));
      return [keep(clone(second)), second] as const;
    });
    x.dispose();
    expect([...kept[0].dataSync()]).toEqual([1, 2, 3, 4]);
    kept[1].dispose();
    expect([...kept[0].dataSync()]).toEqual([1, 2, 3, 4]);
    kept[0].dispose();
    expect(counts()).toEqual(before);
  });

  it('is not written to by what is computed from the original or read from it', () => {
    const x = tensor([1, 2, 3]);
    const copy = clone(x);
    const read = x.dataSync();
    read[0] = 9;
    tidy(() => [addN([x, x, x]), add(x, 1)]);
    expect([...copy.dataSync()]).toEqual([1, 2, 3]);
    x.dispose();
    copy.dispose();
  });

  it('keeps the old values of a variable that is assigned anew', () => {
    const before = counts();
    const initial = tensor([1, 2]);
    const v = variable(initial);
    const old = clone(v as Tensor);
    const next = tensor([3, 4]);
    v.assign(next);
    next.dispose();
    expect([...old.dataSync()]).toEqual([1, 2]);
    expect([...v.dataSync()]).toEqual([3, 4]);
    for (const t of [initial, v, old]) t.dispose();
    expect(counts()).toEqual(before);
  });

  it('does not grow the heap over a thousand calls', () => {
    const x = tensor(new Float32Array(1 << 16));
    const heap = (): number =>
      (backend() as unknown as { wasm: { asm: { memory: WebAssembly.Memory } } }).wasm.asm.memory.buffer
        .byteLength;
    const size = heap();
    const copies = Array.from({ length: 1000 }, () => engine().runKernel('Identity', { x }) as Tensor);
    expect(heap()).toBe(size);
    for (const copy of [x, ...copies]) copy.dispose();
  });
});
