import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import type { Surroundings } from '../start/options.js';
import { addressOf } from '../start/page.js';

/** Node: files lie in node_modules, or where the caller says. */
export const node: Surroundings = {
  cores: availableParallelism(),

  async readWasm(fileName, wasmPaths) {
    const address = addressOf(fileName, wasmPaths ?? stockFolder());
    return readFile(address.startsWith('file:') ? fileURLToPath(address) : address);
  },

  setFlags,

  uncleared(bytes) {
    if (!keepsFreed) Buffer.allocUnsafeSlow(UNUSED_BYTES);
    keepsFreed = true;
    return Buffer.allocUnsafeSlow(bytes).buffer as ArrayBuffer;
  },
};

/**
 * Bytes of a block that is freed unused, so that it takes no memory. After a free of this size, the largest that counts (below 32 MB), glibc keeps
 * up to twice as much of what is freed later. Otherwise the system gets it back and clears it page by page for the next result, which takes
 * four times as long as the copy.
 */
const UNUSED_BYTES = 2 ** 25 - 2 ** 13;
let keepsFreed = false;

/** The first V8 that merges pairs well, that of Node 24, and the first with relaxed SIMD without a flag. One that does not know a flag prints an error. */
const [FIRST_TO_MERGE, FIRST_RELAXED] = [13.6, 11.4];

/** Sets V8's flags for the process and its threads; a reason where there is none for pairs or it does nothing. */
function setFlags(): string | undefined {
  const v8 = Number.parseFloat(process.versions.v8);
  try {
    if (v8 < FIRST_RELAXED) setFlagsFromString('--experimental-wasm-relaxed-simd');
    if (process.arch !== 'x64') return 'V8 merges pairs of 128 bits on x64 only';
    if (!(v8 >= FIRST_TO_MERGE)) return 'Node before 24 does not merge pairs of 128 bits';
    setFlagsFromString('--experimental-wasm-revectorize');
    return undefined;
  } catch (error) {
    return `flags of V8 cannot be set here: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Where `@tensorflow/tfjs-backend-wasm` is installed. */
function stockFolder(): string {
  // This file is built both as a module and as CommonJS; each knows one of the two.
  const here = typeof __filename === 'string' ? __filename : import.meta.url;
  return `${dirname(createRequire(here).resolve('@tensorflow/tfjs-backend-wasm'))}/`;
}
