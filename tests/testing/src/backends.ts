import '@tensorflow/tfjs-backend-cpu';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { env, ready, setBackend } from '@tensorflow/tfjs-core';

/** The backends that every numeric test runs on in Node: `describe.each(backends)`. */
export const backends = ['cpu', 'wasm'] as const;

const require = createRequire(import.meta.url);
// Keeps tfjs from advertising its Node package in the output of every test.
env().set('PROD', true);
setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);

/** Makes a stock tfjs backend the current one. */
export async function useBackend(name: (typeof backends)[number]): Promise<void> {
  await setBackend(name);
  await ready();
}
