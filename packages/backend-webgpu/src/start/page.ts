import { WebgpuUnavailableError } from '../errors.js';
import type { Gpu } from './gpu.js';
import type { Surroundings } from './options.js';

const wayOut =
  'Use a browser that has it switched on, or the wasm backend: useFastWasm() of @sshn/backend-wasm.';

/** WebGPU of the page, if it has it. */
export const page: Surroundings = {
  runtime: 'page',
  withoutAdapter: wayOut,
  gpu: async () => {
    const gpu = (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu;
    if (gpu !== undefined) return gpu;
    const isSecure = (globalThis as { isSecureContext?: boolean }).isSecureContext ?? true;
    throw new WebgpuUnavailableError(
      isSecure
        ? 'this browser has no navigator.gpu'
        : 'this page has no navigator.gpu, which only secure pages have',
      isSecure ? wayOut : 'Serve it over https, or from localhost.',
    );
  },
};
