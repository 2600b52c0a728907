import { activate, activeStatus } from '../start/activate.js';
import type { FastWasmOptions, FastWasmStatus } from '../start/options.js';
import { node } from './surroundings.js';

export { WasmMemoryError, WasmThreadError } from '../errors.js';
export type { FastWasmOptions, FastWasmStatus, WasmPaths } from '../start/options.js';

/** `useFastWasm` of Node, which finds tfjs' files by itself; otherwise the same as in pages. */
export function useFastWasm(options: FastWasmOptions = {}): Promise<FastWasmStatus> {
  return activate(node, options);
}

/** What `useFastWasm` has switched on; undefined before it was called. */
export function fastWasmStatus(): FastWasmStatus | undefined {
  return activeStatus();
}
