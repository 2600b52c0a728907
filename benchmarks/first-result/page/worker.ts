import type { Segmenter } from '@sshn/predict';
import { timeSteps } from '../steps.js';
import { wasmPaths } from './wasm-paths.js';

const threads = new Promise<number>((resolve) => {
  addEventListener('message', ({ data }: MessageEvent<number>) => resolve(data), { once: true });
});
const visit = await timeSteps(async () => {
  const [{ openModel }, { useFastWasm }] = await Promise.all([
    import('@sshn/predict'),
    import('@sshn/backend-wasm'),
  ]);
  return {
    start: async () => useFastWasm({ wasmPaths, threads: await threads }),
    open: async () => (await openModel(new URL('/model.safetensors', location.href))) as Segmenter,
  };
});
postMessage({ visit, origin: performance.timeOrigin });
