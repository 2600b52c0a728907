// Bundled and run in a page: loads a model file from the server and computes with it.
import '@tensorflow/tfjs-backend-cpu';
import { type FastWasmStatus, useFastWasm } from '@sshn/backend-wasm';
import { fetchModel } from '@sshn/model';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { ready, setBackend } from '@tensorflow/tfjs-core';
import { compute, type Outcome } from './compute.js';

/** What computes in the page. */
export type Engine = 'cpu' | 'wasm' | 'fast wasm' | 'fast wasm, one thread';

/** An outcome, with what `useFastWasm` says is on. */
export interface PageOutcome extends Outcome {
  readonly threads: number;
  readonly nativeKernels: number;
  readonly limits: readonly string[];
  readonly simd?: FastWasmStatus['simd'];
}

async function start(engine: Engine): Promise<Omit<PageOutcome, keyof Outcome>> {
  if (engine.startsWith('fast wasm')) {
    const wanted = engine === 'fast wasm' ? 2 : 1;
    const { threads, simd, kernels, limits } = await useFastWasm({ wasmPaths: 'wasm/', threads: wanted });
    return { threads, simd, nativeKernels: kernels.native.length, limits };
  }
  setWasmPaths('wasm/');
  await setBackend(engine);
  await ready();
  return { threads: 1, nativeKernels: 0, limits: [] };
}

Object.assign(globalThis, {
  async runModel(engine: Engine, file: string, factor: number): Promise<PageOutcome> {
    const status = await start(engine);
    return { ...compute(await fetchModel(file), factor), ...status };
  },
});
