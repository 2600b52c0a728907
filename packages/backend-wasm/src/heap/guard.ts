import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

import { WasmMemoryError } from '../errors.js';
import { LargeBlocks } from './large-blocks.js';
import { type TfjsExports, type TfjsModule, tfjsModule } from './tfjs-module.js';
import { countReferences } from './undo.js';

/** Bytes that a 32-bit address can tell apart. */
const ADDRESSES = 2 ** 32;

const PAGE_BYTES = 2 ** 16;

/** What emscripten lets the heap grow to. */
const MOST_BYTES = ADDRESSES - PAGE_BYTES;

/** Below this distance from the end of the address space, the faulty sum of the stock allocator cannot overflow: see `guardHeap`. */
const MARGIN_BYTES = 128 * 2 ** 20;

/** What every tensor leaves free, for the lists and vectors of the compiled code. */
const SPARE_BYTES = 4 * 2 ** 20;

/** `errno` after an allocation that failed. */
const OUT_OF_MEMORY = 48;

/** Exports that are no kernels: those that we call ourselves, and those that never allocate. */
const UNGUARDED: ReadonlySet<string> = new Set([
  'malloc',
  'free',
  'stackSave',
  'stackRestore',
  '__errno_location',
  'dispose_data',
]);

const guarded = new WeakSet<TfjsModule>();

/**
 * Makes the end of the heap of a tfjs wasm backend an error, a `WasmMemoryError`, wherever it is met. Idempotent.
 *
 * Stock tfjs has three faults there. Its allocator (emmalloc) tests whether a free block is large enough by
 * `start + size <= end` in 32 bits: near 4 GiB the sum overflows, and a small free block is given out for a large one.
 * Where there is no room, it answers with address 0, to which tfjs then writes. And a kernel that finds no room for
 * working memory of its own (XNNPACK's tables and packed weights) leaves its output unwritten, or aborts.
 *
 * - Every block that a tensor or we ask for must end within the heap.
 * - The working memory of stock kernels: where the allocator's test is not repaired (`createBackend` does that), the heap
 *   stays 128 MiB below 4 GiB, so that the sum cannot overflow for smaller blocks.
 * - After every call of compiled code, `errno` says whether an allocation in it failed.
 *
 * @param isMended Whether the allocator's test is right. @default false
 */
export function guardHeap(backend: BackendWasm, { isMended = false } = {}): void {
  const module = tfjsModule(backend);
  if (guarded.has(module)) return;
  guarded.add(module);
  const limitBytes = isMended ? MOST_BYTES : ADDRESSES - MARGIN_BYTES;
  const request = { bytes: 0, mayGrow: true };
  if (module.asm.memory !== undefined) guardGrowth(module.asm.memory, limitBytes, request);
  guardAllocator(module, limitBytes, request);
  guardExports(module);
  countReferences(backend);
}

/** What the allocator is asked for now: nothing while kernels ask for working memory of their own. */
interface Request {
  bytes: number;
  mayGrow: boolean;
}

/**
 * Has the heap end at a limit, and grow by what is asked for, by a 32nd of it at least: emscripten adds a fifth, up to 96 MiB. Where that has no
 * room, `pages` decides, as the allocator may need less: there may be room before the end of the heap.
 */
function guardGrowth(memory: WebAssembly.Memory, limitBytes: number, request: Request): void {
  const grow = memory.grow.bind(memory);
  memory.grow = (pages) => {
    const heapPages = memory.buffer.byteLength / PAGE_BYTES;
    const room = limitBytes / PAGE_BYTES - heapPages;
    const needed = Math.ceil(request.bytes / PAGE_BYTES) + 1; // One for the allocator's own words.
    const enough =
      request.bytes === 0 || needed > room ? pages : Math.min(pages, room, Math.max(needed, heapPages >> 5));
    if (!request.mayGrow || enough > room) {
      throw new RangeError('The heap may not grow further.'); // emscripten catches it.
    }
    return grow(enough);
  };
}

function guardAllocator(module: TfjsModule, limitBytes: number, request: Request): void {
  const { malloc, free } = module.asm;
  const heapBytes = (): number => module.HEAPU8.buffer.byteLength;

  /** A block within the heap; 0 where there is none. */
  const find = (bytes: number, mayGrow: boolean): number => {
    const beyond: number[] = [];
    for (;;) {
      Object.assign(request, { bytes, mayGrow });
      const address = bytes < ADDRESSES ? malloc(bytes) >>> 0 : 0; // More would be taken modulo that.
      Object.assign(request, { bytes: 0, mayGrow: true });
      if (address === 0 || address + bytes <= heapBytes()) {
        // To the allocator each of these is the small block that it took for a large one.
        for (const block of beyond) free(block);
        return address;
      }
      beyond.push(address); // Held, so that the next call looks elsewhere.
    }
  };

  const blocks = new LargeBlocks({ malloc: find, free, heapBytes, limitBytes });

  const hasSpare = (): boolean => {
    if (heapBytes() + SPARE_BYTES <= limitBytes) return true; // It can grow.
    const spare = blocks.malloc(SPARE_BYTES);
    if (spare !== 0) blocks.free(spare);
    return spare !== 0;
  };

  module._malloc = (bytes) => {
    const address = blocks.malloc(bytes);
    if (address !== 0 && hasSpare()) return address;
    if (address !== 0) blocks.free(address);
    throw new WasmMemoryError({ requestedBytes: bytes, heapBytes: heapBytes(), limitBytes });
  };
  module._free = (address) => blocks.free(address);
}

/** Has every exported function throw where an allocation in it failed, by itself or by aborting. */
function guardExports(module: TfjsModule): void {
  const { stackSave, stackRestore, __errno_location } = module.asm;
  const bottom = stackSave();
  const errno = __errno_location() >>> 2;
  const failure = (name: string): WasmMemoryError =>
    new WasmMemoryError({ kernel: name, heapBytes: module.HEAPU8.buffer.byteLength });
  const guard =
    (name: string, run: (...args: number[]) => unknown) =>
    (...args: number[]): unknown => {
      module.HEAP32[errno] = 0;
      let result: unknown;
      try {
        result = run(...args);
      } catch (error) {
        stackRestore(bottom); // What was aborted did not.
        throw module.HEAP32[errno] === OUT_OF_MEMORY ? failure(name) : error;
      }
      if (module.HEAP32[errno] === OUT_OF_MEMORY) throw failure(name);
      return result;
    };
  const exports: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(module.asm)) {
    exports[name] = typeof value === 'function' && !UNGUARDED.has(name) ? guard(name, value) : value;
  }
  // emscripten looks a function up here at each call, or keeps it under this name after the first.
  module.asm = exports as unknown as TfjsExports;
  const kept = module as unknown as Record<string, unknown>;
  for (const name of Object.keys(exports)) {
    if (!UNGUARDED.has(name) && name !== 'dispose' && `_${name}` in kept) kept[`_${name}`] = exports[name];
  }
  // The glue's own way to end takes all listeners of the process away, those of others too.
  module.tfjs.dispose = module.asm.dispose;
}
