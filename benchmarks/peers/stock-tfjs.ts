import { version_wasm } from '@tensorflow/tfjs-backend-wasm';
import { setBackend } from '@tensorflow/tfjs-core';
import { Absent } from './program.js';
import { serve } from './serve.js';
import { prepareStock } from './tfjs/program.js';

/** The wasm backend of tfjs as it comes, SIMD on one thread: in Node it has no more. */
await serve({
  async start(threads) {
    if (threads > 1) throw new Absent('has one thread in Node');
    await setBackend('wasm');
    return version_wasm;
  },
  prepare: prepareStock,
});
