import '@tensorflow/tfjs-backend-cpu';
import { useFastWasm } from '@sshn/backend-wasm';
import { fastWebglStatus, useFastWebgl, WebglUnavailableError } from '@sshn/backend-webgl';
import { fastWebgpuStatus, useFastWebgpu, WebgpuUnavailableError } from '@sshn/backend-webgpu';
import { env, setBackend } from '@tensorflow/tfjs-core';

/** What can compute. */
export type Engine = 'cpu' | 'wasm' | 'webgl' | 'webgpu';

/** Makes an engine the current backend, which then computes small tensors too. @returns what it is, in words; undefined if it does not start. */
export async function start(engine: Engine, wasmPaths?: string): Promise<string | undefined> {
  switch (engine) {
    case 'cpu':
      return (await setBackend('cpu')) ? engine : undefined;
    case 'wasm': {
      const { threads, kernels, simd } = await useFastWasm(
        wasmPaths === undefined ? { threads: 2 } : { wasmPaths, threads: 2 },
      );
      return `${simd}, ${threads} threads, ${kernels.native.length} compiled kernels`;
    }
    case 'webgl':
      return startWebgl();
    case 'webgpu':
      return startWebgpu();
  }
}

/** What a device has complained of since it started: programs that do not compile put out zeros. */
export function problemsOf(engine: Engine): readonly string[] {
  const status = { webgl: fastWebglStatus, webgpu: fastWebgpuStatus, cpu: undefined, wasm: undefined }[
    engine
  ];
  return status?.()?.problems ?? [];
}

async function startWebgl(): Promise<string | undefined> {
  try {
    const { renderer, kernels } = await useFastWebgl();
    env().set('WEBGL_CPU_FORWARD', false);
    return `${renderer}, ${kernels.length} kernels of ours`;
  } catch (error) {
    if (error instanceof WebglUnavailableError) return undefined;
    throw error;
  }
}

async function startWebgpu(): Promise<string | undefined> {
  try {
    const { adapter, runtime } = await useFastWebgpu();
    env().set('WEBGPU_CPU_FORWARD', false);
    return `${adapter}, ${runtime}`;
  } catch (error) {
    if (error instanceof WebgpuUnavailableError) return undefined;
    throw error;
  }
}
