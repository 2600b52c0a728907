import { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
// The glue of the stock build; its types are those of the module that it makes.
import wasmFactory from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js';

type TfjsWasm = BackendWasm['wasm'];

/** Wraps an exported function of the compiled module. */
type Wrap = (name: string, result: 'number' | null, parameters: readonly 'number'[]) => unknown;

/** Section of a wasm binary that declares its memories, and the flags of a memory with a maximum. */
const MEMORY_SECTION = 5;
const PRIVATE_WITH_MAXIMUM = 1;
const SHARED_WITH_MAXIMUM = 3;

const HEADER_BYTES = 8;

/**
 * A tfjs wasm backend whose memory our threads can share.
 *
 * It is the stock single-threaded SIMD build with one flag of its binary changed. (The stock threaded build is not used:
 * it starts eight workers of its own, and not at all in Node.) In pages, shared memory needs cross-origin isolation.
 *
 * @param binary The bytes of `tfjs-backend-wasm-simd.wasm` of the installed tfjs.
 */
export async function createSharedBackend(binary: Uint8Array): Promise<BackendWasm> {
  const factory = (wasmFactory as unknown as { default?: typeof wasmFactory }).default ?? wasmFactory;
  const wasm = (await factory({ wasmBinary: withSharedMemory(binary) } as never)) as unknown as TfjsWasm & {
    readonly cwrap: Wrap;
  };
  const { cwrap } = wasm;
  wasm.tfjs = {
    init: cwrap('init', null, []),
    initWithThreadsCount: cwrap('init_with_threads_count', null, ['number']),
    getThreadsCount: cwrap('get_threads_count', 'number', []),
    registerTensor: cwrap('register_tensor', null, ['number', 'number', 'number']),
    disposeData: cwrap('dispose_data', null, ['number']),
    dispose: cwrap('dispose', null, []),
  } as unknown as TfjsWasm['tfjs'];
  return new BackendWasm(wasm);
}

/** The binary with its one memory shared. */
function withSharedMemory(binary: Uint8Array): Uint8Array {
  const patched = Uint8Array.from(binary);
  let at = HEADER_BYTES;
  while (at < patched.length) {
    const id = patched[at];
    const [size, start] = readUnsigned(patched, at + 1);
    // One memory: the count, then the flags.
    if (id === MEMORY_SECTION && patched[start] === 1 && patched[start + 1] === PRIVATE_WITH_MAXIMUM) {
      patched[start + 1] = SHARED_WITH_MAXIMUM;
      return patched;
    }
    at = start + size;
  }
  throw new RangeError('createSharedBackend: the binary does not define one memory with a maximum size.');
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
