import { activate, activeStatus } from './start/activate.js';
import type { FastWasmOptions, FastWasmStatus } from './start/options.js';
import { page } from './start/page.js';

export { WasmMemoryError, WasmThreadError } from './errors.js';
export type { FastWasmOptions, FastWasmStatus, WasmPaths } from './start/options.js';

/**
 * Makes wasm the current tfjs backend, able to train and fast: registers the kernels that stock tfjs lacks, has slow or
 * has wrong, first composed ones, then compiled ones where they run. Right results stay the same to rounding.
 *
 * May be called again, with other options too; and again after the backend was removed.
 *
 * @returns what `fastWasmStatus` returns from now on.
 * @throws {FileError} if the wasm backend does not start, most often because a page does not serve its files.
 * @throws {ValueError} if `wasmPaths` comes after the backend has started and can have no effect, or `threads` is no
 * positive integer.
 *
 * @example
 * await useFastWasm();                                     // Node
 * await useFastWasm({ wasmPaths: '/static/tfjs-wasm/' });  // a page that serves the three .wasm files there
 */
export function useFastWasm(options: FastWasmOptions = {}): Promise<FastWasmStatus> {
  return activate(page, options);
}

/** What `useFastWasm` has switched on; undefined before it was called. */
export function fastWasmStatus(): FastWasmStatus | undefined {
  return activeStatus();
}
