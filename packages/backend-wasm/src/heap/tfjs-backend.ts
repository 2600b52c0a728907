import { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
// The glue of the stock build; its types are those of the module that it makes.
import wasmFactory from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js';

import { guardHeap } from './guard.js';
import { withoutNewListeners } from './listeners.js';
import type { TfjsModule } from './tfjs-module.js';

/** Wraps an exported function of the compiled module. */
type Wrap = (name: string, result: 'number' | null, parameters: readonly 'number'[]) => never;

/** Section of a wasm binary that declares its memories, and the flags of a memory with a maximum. */
const MEMORY_SECTION = 5;
const PRIVATE_WITH_MAXIMUM = 1;
const SHARED_WITH_MAXIMUM = 3;

const HEADER_BYTES = 8;

/**
 * The allocator's test whether a free block is large enough, as compiled in tfjs 4.22, and the same without the overflow:
 * `start + size <= block + blockSize - 4`, and `start + size - block <= blockSize - 4`. The two differ in the place of one
 * instruction; 1 and 5 are the local variables for the block's size and the start.
 */
const FAULTY_TEST = hex('20 02 6a 20 00 20 00 28 02 00 22 01 6a 41 04 6b 4d');
const RIGHT_TEST = hex('20 02 6a 20 00 6b 20 00 28 02 00 22 01 41 04 6b 4d');

/**
 * A tfjs wasm backend with its heap guarded (`guardHeap`), whose memory our threads can share.
 *
 * It is the stock single-threaded SIMD build with the test of its allocator repaired and, for shared memory, one flag
 * changed. (The stock threaded build is not used: it starts eight workers of its own, and not at all in Node.) In pages,
 * shared memory needs cross-origin isolation.
 *
 * @param binary The bytes of `tfjs-backend-wasm-simd.wasm` of the installed tfjs.
 */
export async function createBackend(
  binary: Uint8Array,
  { isShared }: { readonly isShared: boolean },
): Promise<BackendWasm> {
  const factory = (wasmFactory as unknown as { default?: typeof wasmFactory }).default ?? wasmFactory;
  const patched = Uint8Array.from(binary);
  const isMended = repairAllocator(patched);
  if (isShared) shareMemory(patched);
  const wasm = await withoutNewListeners(() => factory({ wasmBinary: patched } as never));
  const module = wasm as unknown as TfjsModule & { readonly cwrap: Wrap };
  const { cwrap } = module;
  const tfjs: TfjsModule['tfjs'] = {
    init: cwrap('init', null, []),
    initWithThreadsCount: cwrap('init_with_threads_count', null, ['number']),
    getThreadsCount: cwrap('get_threads_count', 'number', []),
    registerTensor: cwrap('register_tensor', null, ['number', 'number', 'number']),
    disposeData: cwrap('dispose_data', null, ['number']),
    dispose: cwrap('dispose', null, []),
  };
  const backend = new BackendWasm(Object.assign(module, { tfjs }) as unknown as BackendWasm['wasm']);
  guardHeap(backend, { isMended });
  return backend;
}

/** Mends the test of the allocator in place; false where it is not found, as in other versions of tfjs. */
export function repairAllocator(binary: Uint8Array): boolean {
  const found: number[] = [];
  for (let at = binary.indexOf(FAULTY_TEST[0]!); at >= 0; at = binary.indexOf(FAULTY_TEST[0]!, at + 1)) {
    if (FAULTY_TEST.every((byte, i) => binary[at + i] === byte)) found.push(at);
  }
  if (found.length !== 1) return false;
  binary.set(RIGHT_TEST, found[0]!);
  return true;
}

/** Has the one memory of a binary shared, in place. */
function shareMemory(binary: Uint8Array): void {
  let at = HEADER_BYTES;
  while (at < binary.length) {
    const id = binary[at];
    const [size, start] = readUnsigned(binary, at + 1);
    // One memory: the count, then the flags.
    if (id === MEMORY_SECTION && binary[start] === 1 && binary[start + 1] === PRIVATE_WITH_MAXIMUM) {
      binary[start + 1] = SHARED_WITH_MAXIMUM;
      return;
    }
    at = start + size;
  }
  throw new RangeError('createBackend: the binary does not define one memory with a maximum size.');
}

/** An unsigned LEB128 number and where it ends. */
function readUnsigned(bytes: Uint8Array, at: number): [value: number, end: number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!;
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return [value, at];
  }
}

function hex(digits: string): readonly number[] {
  return digits.split(' ').map((byte) => Number.parseInt(byte, 16));
}
