import type { Segmenter } from '@sshn/predict';
import { timeSteps } from '../steps.js';
import { wasmPaths } from './wasm-paths.js';

const times = await timeSteps(async () => {
  const [{ openModel }, { useFastWasm }] = await Promise.all([
    import('@sshn/predict'),
    import('@sshn/backend-wasm'),
  ]);
  return {
    start: () => useFastWasm({ wasmPaths, threads: 2 }),
    open: async () => (await openModel(new URL('/model.safetensors', location.href))) as Segmenter,
  };
});
postMessage({ times, origin: performance.timeOrigin });
