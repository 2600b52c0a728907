import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { backend, type Tensor, type TensorInfo, tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { WasmMemoryError } from '../errors.js';
import { adam } from './adam.js';
import { conv, convGradInput } from './conv.js';
import { loadNative, type NativeKernels } from './index.js';
import { PackedKernels } from './packed-kernels.js';
import { nativeForTests, noise, take } from './testing/native.js';

/** A heap that lists its blocks. */
function bookkeeping(room = Number.POSITIVE_INFINITY) {
  const blocks = new Map<number, number>();
  let next = 8;
  const heap = {
    allocate(bytes: number): number {
      const used = [...blocks.values()].reduce((a, b) => a + b, 0);
      if (used + bytes > room)
        throw new WasmMemoryError({ requestedBytes: bytes, limitBytes: 1, heapBytes: room });
      next += bytes;
      blocks.set(next, bytes);
      return next;
    },
    free: (address: number): void => expect(blocks.delete(address)).toBe(true) as undefined,
  };
  return { blocks, heap };
}

describe('packed kernels', () => {
  const SCRATCH = 1;
  let written: number[];
  beforeEach(() => {
    written = [];
  });
  const use = (packed: PackedKernels, data: number | undefined, form = 'a', bytes = 936): number =>
    packed.addressOf({ data, form, bytes, scratch: SCRATCH, write: (to) => void written.push(to) });

  it('keep a form from its second use on, at the start of a cache line', () => {
    const { blocks, heap } = bookkeeping();
    const packed = new PackedKernels(heap);
    expect(use(packed, 1)).toBe(SCRATCH);
    expect([blocks.size, packed.bytes]).toEqual([0, 0]);
    const address = use(packed, 1);
    expect(address % 64).toBe(0);
    expect(use(packed, 1)).toBe(address);
    expect(written).toEqual([SCRATCH, address]);
    expect(packed.bytes).toBe(1000);
    expect(use(packed, 1, 'b')).toBe(SCRATCH);
    expect(use(packed, 2)).toBe(SCRATCH);
  });

  it('keep nothing of a kernel without a number', () => {
    const packed = new PackedKernels(bookkeeping().heap);
    for (let i = 0; i < 3; i++) expect(use(packed, undefined)).toBe(SCRATCH);
  });

  it('forget data that changes, and that it was used', () => {
    const { blocks, heap } = bookkeeping();
    const packed = new PackedKernels(heap);
    for (const form of ['a', 'b', 'a', 'b']) use(packed, 1, form);
    expect(blocks.size).toBe(2);
    packed.drop(1);
    expect([blocks.size, packed.bytes]).toEqual([0, 0]);
    expect(use(packed, 1)).toBe(SCRATCH);
    packed.drop(1);
    expect(use(packed, 1)).toBe(SCRATCH);
    packed.drop(99);
  });

  it('make room by what was not used for longest, and stay below their limit', () => {
    const { blocks, heap } = bookkeeping();
    const packed = new PackedKernels(heap, 3000);
    for (const data of [1, 2, 3, 1, 2, 3, 1]) use(packed, data);
    expect(packed.bytes).toBe(3000);
    for (const data of [4, 4]) use(packed, data);
    expect([packed.bytes, blocks.size]).toEqual([3000, 3]);
    written = [];
    for (const data of [1, 3, 4]) use(packed, data);
    expect(written).toEqual([]);
    expect(use(packed, 2)).toBe(SCRATCH);
    for (let i = 0; i < 3; i++) expect(use(packed, 5, 'large', 3000)).toBe(SCRATCH);
    expect(packed.bytes).toBe(3000);
  });

  it('do without where the heap has no room', () => {
    const packed = new PackedKernels(bookkeeping(1500).heap);
    for (const data of [1, 1, 2]) use(packed, data);
    expect(use(packed, 2)).toBe(SCRATCH);
    expect(packed.bytes).toBe(1000);
  });

  it('are given back', () => {
    const { blocks, heap } = bookkeeping();
    const packed = new PackedKernels(heap);
    for (const data of [1, 1, 2, 2]) use(packed, data);
    packed.dispose();
    expect([blocks.size, packed.bytes]).toEqual([0, 0]);
    for (let i = 0; i < 3; i++) expect(use(packed, 1)).toBe(SCRATCH);
  });
});

describe('convolutions with packed kernels', () => {
  let native: NativeKernels;
  let x: Tensor;
  beforeEach(async () => {
    native = await nativeForTests();
    x = tensor(noise(2 * 20 * 20 * 16, 1), [2, 20, 20, 16]);
  });
  afterEach(() => {
    x.dispose();
    native.dispose();
  });

  const kernelOf = (edge: number, seed: number): Tensor =>
    tensor(noise(edge * edge * 256, seed), [edge, edge, 16, 16]);
  const both = (kernel: TensorInfo): Float32Array[] => [
    take(conv(native, x, kernel, { slope: 0.1 })),
    take(convGradInput(native, x, kernel)),
  ];

  it.each([1, 3, 5])('give the same bits, kernel edge %i', async (edge) => {
    const kernel = kernelOf(edge, 2);
    const once = both(kernel);
    expect(native.packed.bytes).toBe(0);
    for (let i = 0; i < 3; i++) expect(both(kernel)).toEqual(once);
    expect(native.packed.bytes).toBeGreaterThan(2 * edge * edge * 1024);
    const other = await loadNative(backend() as BackendWasm);
    other.packed.dispose();
    for (let i = 0; i < 3; i++) {
      expect(take(conv(other, x, kernel, { slope: 0.1 }))).toEqual(once[0]);
      expect(other.packed.bytes).toBe(0);
    }
    other.dispose();
    kernel.dispose();
    expect(native.packed.bytes).toBe(0);
  });

  it.each([1, 3])('never use what Adam has written over, kernel edge %i', (edge) => {
    const zero = { learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-7, correction1: 0.1 };
    const settings = { ...zero, correction2: 0.01, weightDecay: 0, overwrite: true };
    const state = [2, 3, 4, 5].map((seed) => kernelOf(edge, seed)) as [Tensor, Tensor, Tensor, Tensor];
    const [param, m, v, grad] = state;
    for (let i = 0; i < 3; i++) both(param);
    expect(native.packed.bytes).toBeGreaterThan(0);
    const next = adam(native, { param, m, v, grad }, settings);
    expect(native.packed.bytes).toBe(0);
    const fresh = tensor(Float32Array.from(param.dataSync()), param.shape);
    const expected = both(fresh);
    for (let i = 0; i < 3; i++) expect(both(param)).toEqual(expected);
    expect(both(next[0]!)).toEqual(expected);
    for (const { dataId } of next) (backend() as BackendWasm).disposeData(dataId);
    for (const t of [...state, fresh]) t.dispose();
    expect(native.packed.bytes).toBe(0);
  });

  it('tell apart what shares data in other shapes', () => {
    const kernel = kernelOf(3, 2);
    const wide = native.share(kernel, [3, 3, 8, 32]);
    const narrow = tensor(noise(2 * 20 * 20 * 8, 3), [2, 20, 20, 8]);
    const first = take(conv(native, narrow, wide));
    for (let i = 0; i < 3; i++) both(kernel);
    for (let i = 0; i < 3; i++) expect(take(conv(native, narrow, wide))).toEqual(first);
    (backend() as BackendWasm).disposeData(wide.dataId);
    expect(native.packed.bytes).toBeGreaterThan(0);
    kernel.dispose();
    expect(native.packed.bytes).toBe(0);
    narrow.dispose();
  });

  it('take no more memory over 1000 specializations', () => {
    const infer = (seed: number): void => {
      const kernel = kernelOf(3, seed);
      for (let i = 0; i < 2; i++) take(conv(native, x, kernel));
      expect(native.packed.bytes).toBeLessThan(2 ** 18);
      kernel.dispose();
      expect(native.packed.bytes).toBe(0);
    };
    infer(0);
    const before = { arena: native.arenaBytes, heap: native.words().length };
    for (let seed = 1; seed <= 1000; seed++) infer(seed);
    expect({ arena: native.arenaBytes, heap: native.words().length }).toEqual(before);
  });

  it('stay right when the kernels are given back', () => {
    const kernel = kernelOf(3, 2);
    const once = both(kernel);
    both(kernel);
    native.dispose();
    expect(native.packed.bytes).toBe(0);
    for (let i = 0; i < 3; i++) expect(both(kernel)).toEqual(once);
    expect(native.packed.bytes).toBe(0);
    kernel.dispose();
  });
});
