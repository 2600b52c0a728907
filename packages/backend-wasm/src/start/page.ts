import { FileError } from '@sshn/core';
import type { Surroundings, WasmPaths } from './options.js';

/** A page or a worker of one: files come over the network. */
export const page: Surroundings = {
  cores: globalThis.navigator?.hardwareConcurrency ?? 1,

  async readWasm(fileName, wasmPaths) {
    const address = addressOf(fileName, wasmPaths);
    const response = await fetch(address, { credentials: 'same-origin' });
    if (!response.ok) {
      throw new FileError({
        path: address,
        problem: `the server answers ${response.status}`,
        remedy: 'Serve the .wasm files of @tensorflow/tfjs-backend-wasm there.',
      });
    }
    return new Uint8Array(await response.arrayBuffer());
  },

  // A page cannot ask for it; some browsers do by themselves, and the test at the start sees it.
  setFlags: () => undefined,
};

/** Where a file lies, by the rules of tfjs' `setWasmPaths`. */
export function addressOf(fileName: string, wasmPaths: WasmPaths | undefined): string {
  if (typeof wasmPaths === 'string') return wasmPaths + fileName;
  return (wasmPaths as Readonly<Record<string, string>> | undefined)?.[fileName] ?? fileName;
}
