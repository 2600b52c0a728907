import '@tensorflow/tfjs-backend-cpu';
import { useFastWasm } from '@sshn/backend-wasm';
import { env, ready, setBackend } from '@tensorflow/tfjs-core';

/** What can compute. */
export type Engine = 'cpu' | 'wasm' | 'webgl' | 'webgpu';

/** Makes an engine the current backend, which then computes small tensors too. @returns what it is, in words; undefined if it does not start. */
export async function start(engine: Engine, wasmPaths?: string): Promise<string | undefined> {
  if (engine === 'wasm') {
    const { threads, kernels } = await useFastWasm(
      wasmPaths === undefined ? { threads: 2 } : { wasmPaths, threads: 2 },
    );
    return `${threads} threads, ${kernels.native.length} compiled kernels`;
  }
  if (engine === 'webgl') {
    await import('@tensorflow/tfjs-backend-webgl');
    env().set('WEBGL_CPU_FORWARD', false);
  }
  if (engine === 'webgpu') {
    await import('@tensorflow/tfjs-backend-webgpu');
    env().set('WEBGPU_CPU_FORWARD', false);
  }
  if (!(await hasStarted(engine))) return undefined;
  await ready();
  return engine;
}

async function hasStarted(engine: Engine): Promise<boolean> {
  try {
    return await setBackend(engine);
  } catch {
    return false;
  }
}
