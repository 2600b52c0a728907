import { NATIVE_BINARY } from './binary.js';
import { RELAXED_NATIVE_BINARY } from './binary-relaxed.js';

/** What precedes the limits of the imported memory: its name and its kind. */
const MEMORY_NAME = [...'memory'].map((letter) => letter.charCodeAt(0)).concat(2);

const SHARED_WITH_MAXIMUM = 3;
const PRIVATE_WITH_MAXIMUM = 1;

/** Our kernels, compiled for a memory that is shared between threads or not, without or with relaxed SIMD. */
export function compileNative(memory: WebAssembly.Memory, isRelaxed: boolean): Promise<WebAssembly.Module> {
  const bytes = Uint8Array.from(atob(isRelaxed ? RELAXED_NATIVE_BINARY : NATIVE_BINARY), (character) =>
    character.charCodeAt(0),
  );
  if (!isShared(memory)) makePrivate(bytes);
  return WebAssembly.compile(bytes);
}

/** Whether several threads may see this memory. */
export function isShared(memory: WebAssembly.Memory): boolean {
  return typeof SharedArrayBuffer === 'function' && memory.buffer instanceof SharedArrayBuffer;
}

/** Has the module import a private memory: the only difference is one flag. */
function makePrivate(bytes: Uint8Array): void {
  const name = bytes.findIndex((_, i) => MEMORY_NAME.every((byte, j) => bytes[i + j] === byte));
  const flags = name + MEMORY_NAME.length;
  if (name < 0 || bytes[flags] !== SHARED_WITH_MAXIMUM)
    throw new Error('internal: unexpected native binary.');
  bytes[flags] = PRIVATE_WITH_MAXIMUM;
}
