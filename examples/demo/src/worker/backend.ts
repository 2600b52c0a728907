import '@tensorflow/tfjs-backend-cpu';
import { useFastWasm } from '@sshn/backend-wasm';
import { cacheStore, chooseBackend } from '@sshn/model';
import { registerGradients } from '@sshn/ops';
import plainWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { ready, setBackend } from '@tensorflow/tfjs-core';
import type { BackendName, BackendStatus, BackendWish } from './protocol.js';

const wasmPaths = {
  'tfjs-backend-wasm.wasm': plainWasm,
  'tfjs-backend-wasm-simd.wasm': simdWasm,
  'tfjs-backend-wasm-threaded-simd.wasm': threadedWasm,
};

const starters: Readonly<Record<BackendName, () => Promise<string>>> = {
  wasm: async () => {
    // Every tab has a Worker with threads of its own: a few each, and a core for the page and its camera.
    const spare = Math.max(1, Math.min(4, navigator.hardwareConcurrency - 1));
    const wanted = crossOriginIsolated ? spare : 1;
    const { simd, kernels, threads, limits } = await useFastWasm({ wasmPaths, threads: wanted });
    const parallel = threads === 1 ? '1 thread' : `${threads} threads`;
    const why = [...(crossOriginIsolated ? [] : ['More threads need cross-origin isolation.']), ...limits];
    return `${simd ? 'SIMD, ' : ''}${kernels.native.length} compiled kernels, ${parallel}${why.length > 0 ? `. ${why.join(' ')}` : ''}`;
  },
  // Loaded when asked for: most visitors stay on wasm.
  webgl: async () => {
    const { useFastWebgl } = await import('@sshn/backend-webgl');
    const { renderer, isSoftware, precision, kernels } = await useFastWebgl();
    const computes = precision === 'float32' ? '' : ', computes in less than float32: no training';
    return `${renderer}${isSoftware ? ' (in software)' : ''}, ${kernels.length} programs of ours${computes}`;
  },
  webgpu: async () => {
    const { useFastWebgpu } = await import('@sshn/backend-webgpu');
    const { adapter, isSoftware, kernels } = await useFastWebgpu();
    return `${adapter}${isSoftware ? ' (in software)' : ''}, ${kernels.length} kernels of ours`;
  },
  cpu: startPlain,
};

/**
 * Makes a backend the current one, with 'auto' the fastest; its code is loaded first where that has not happened.
 *
 * @throws {WebglUnavailableError} or {WebgpuUnavailableError} if this device has none such.
 */
export async function startBackend(wish: BackendWish): Promise<BackendStatus> {
  const status = wish === 'auto' ? await fastest() : { backend: wish, detail: await starters[wish]() };
  registerGradients();
  return status;
}

/** The fastest of this device, by measuring; on later visits as it was measured then. */
async function fastest(): Promise<BackendStatus> {
  const names = (['wasm', 'webgl', 'webgpu'] as const).filter(
    (name) => name !== 'webgpu' || 'gpu' in navigator,
  );
  const candidates = names.map((name) => ({ name, start: starters[name] }));
  const { backend, reason } = await chooseBackend({ candidates, store: cacheStore() });
  return { backend: backend as BackendName, detail: reason };
}

async function startPlain(): Promise<string> {
  await setBackend('cpu');
  await ready();
  return 'plain JavaScript, slow';
}
