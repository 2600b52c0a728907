import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

import { WasmMemoryError } from '../errors.js';

/** What we use of the compiled tfjs module here. */
interface Heap {
  readonly asm: { readonly memory: WebAssembly.Memory };
  _malloc(bytes: number): number;
  readonly _free: (address: number) => void;
}

/** Bytes that a 32-bit address can tell apart. */
const ADDRESSES = 2 ** 32;

const guarded = new WeakSet<object>();

/**
 * Has the allocator of a tfjs wasm backend throw where there is no room. Its own answer is then address 0, which tfjs takes
 * for good and writes its values to. Covers tensors of all kernels and our scratch. Idempotent.
 */
export function guardAllocation(backend: BackendWasm): void {
  const heap = backend.wasm as unknown as Heap;
  if (guarded.has(heap)) return;
  guarded.add(heap);
  heap._free(heap._malloc(1)); // At its first call the stock allocator puts another one in its place.
  const allocate = heap._malloc;
  heap._malloc = (bytes) => {
    const address = bytes < ADDRESSES ? allocate(bytes) : 0; // More would be taken modulo that.
    if (address === 0 && bytes > 0) {
      throw new WasmMemoryError({
        requestedBytes: bytes,
        heapBytes: heap.asm.memory.buffer.byteLength,
      });
    }
    return address;
  };
}
