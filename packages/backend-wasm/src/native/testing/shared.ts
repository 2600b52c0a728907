import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core';

import { createBackend } from '../../heap/tfjs-backend.js';

/** A wasm backend whose memory threads share, made current. */
export async function sharedBackendForTests(): Promise<BackendWasm> {
  const binary = readFileSync(
    createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm'),
  );
  removeBackend('wasm');
  const shared = await createBackend(binary, { isShared: true });
  registerBackend('wasm', () => shared);
  await setBackend('wasm');
  return shared;
}
