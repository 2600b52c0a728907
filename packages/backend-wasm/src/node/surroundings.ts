import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Surroundings } from '../start/options.js';
import { addressOf } from '../start/page.js';

/** Node: files lie in node_modules, or where the caller says. */
export const node: Surroundings = {
  cores: availableParallelism(),

  async readWasm(fileName, wasmPaths) {
    const address = addressOf(fileName, wasmPaths ?? stockFolder());
    return readFile(address.startsWith('file:') ? fileURLToPath(address) : address);
  },

  uncleared: (bytes) => Buffer.allocUnsafeSlow(bytes).buffer as ArrayBuffer,
};

/** Where `@tensorflow/tfjs-backend-wasm` is installed. */
function stockFolder(): string {
  // This file is built both as a module and as CommonJS; each knows one of the two.
  const here = typeof __filename === 'string' ? __filename : import.meta.url;
  return `${dirname(createRequire(here).resolve('@tensorflow/tfjs-backend-wasm'))}/`;
}
