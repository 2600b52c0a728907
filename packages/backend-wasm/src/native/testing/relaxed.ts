import v8 from 'node:v8';

import { hasRelaxedSimd } from '../compile.js';

/** Has this process know relaxed SIMD, which Node 20 hides behind a flag; false where the engine has none. */
export function enableRelaxedSimd(): boolean {
  if (!hasRelaxedSimd()) v8.setFlagsFromString('--experimental-wasm-relaxed-simd');
  return hasRelaxedSimd();
}
