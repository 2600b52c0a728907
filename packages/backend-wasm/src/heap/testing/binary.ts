import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The SIMD build of the installed tfjs. */
export function stockBinary(): Uint8Array {
  const { resolve } = createRequire(import.meta.url);
  return readFileSync(resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm'));
}
