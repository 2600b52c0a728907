import { useFastWasm } from '@sshn/backend-wasm';
import { setThreadsCount, setWasmPaths, version_wasm } from '@tensorflow/tfjs-backend-wasm';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { setBackend } from '@tensorflow/tfjs-core';
import { prepareOurs } from '../../peers/ours/program.js';
import { Absent, type PeerProgram } from '../../peers/program.js';
import { prepareStock } from '../../peers/tfjs/program.js';

const wasmPaths = {
  'tfjs-backend-wasm.wasm': plain,
  'tfjs-backend-wasm-simd.wasm': simd,
  'tfjs-backend-wasm-threaded-simd.wasm': threaded,
};

/** @sshn on wasm, in a worker of a page. */
export const oursInPage: PeerProgram = {
  async start(wanted) {
    const { threads, simd: build, limits } = await useFastWasm({ wasmPaths, threads: wanted });
    if (threads !== wanted) throw new Absent(limits.join(' ') || `got ${threads} thread(s) of ${wanted}`);
    return `build '${build}'`;
  },
  prepare: prepareOurs,
};

/** tfjs' own wasm backend there. */
export const stockInPage: PeerProgram = {
  async start(threads) {
    setWasmPaths(wasmPaths);
    setThreadsCount(threads);
    if (!(await setBackend('wasm'))) throw new Absent('does not start');
    return version_wasm;
  },
  prepare: prepareStock,
};
