import { useBackend } from '@sshn-internal/testing';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { backend, type TensorInfo } from '@tensorflow/tfjs-core';
import fc from 'fast-check';

import type { NativeBuild } from '../compile.js';
import { loadNative, type NativeKernels, type NativeSettings } from '../index.js';

// All random shapes come from this seed, which the message of a failure names: SSHN_TEST_SEED=$RANDOM draws others.
fc.configureGlobal({ seed: Number(process.env.SSHN_TEST_SEED ?? 1), numRuns: 300 });

// tests/wide has the tests run over this build, in an engine that merges its pairs.
const build = process.env.SSHN_TEST_BUILD as NativeBuild | undefined;

/** Our kernels on the stock wasm backend, made current. */
export async function nativeForTests(settings: Partial<NativeSettings> = {}): Promise<NativeKernels> {
  await useBackend('wasm');
  if (build === 'wide' && !process.execArgv.includes('--experimental-wasm-revectorize'))
    throw new Error('The flags of SSHN_TEST_FLAGS did not come through: nothing would be merged.');
  return loadNative(backend() as BackendWasm, { ...(build === undefined ? {} : { build }), ...settings });
}

/** Values of a tensor without a tensor object, then freed. */
export function take(info: TensorInfo): Float32Array {
  const wasm = backend() as BackendWasm;
  const values = wasm.readSync(info.dataId) as Float32Array;
  wasm.disposeData(info.dataId);
  return values;
}

/** `count` reproducible values in [-1, 1), by a linear congruence. */
export function noise(count: number, seed: number): Float32Array {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}
