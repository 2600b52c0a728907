import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import {
  getKernel,
  type KernelConfig,
  type KernelFunc,
  registerKernel,
  unregisterKernel,
} from '@tensorflow/tfjs-core';

import { tfjsAveragePool } from './average-pool.js';
import { hasRelaxedSimd } from './compile.js';
import { copyKernels } from './copies.js';
import { productKernels } from './heads.js';
import { ownKernels } from './kernels.js';
import { NativeModule, type NativeSettings } from './module.js';
import { elementwiseKernels } from './pointwise.js';
import { tfjsConvKernel, tfjsConvNames } from './tfjs-conv.js';

export type { NativeSettings } from './module.js';

/** Our compiled kernels, bound to the memory of one backend. */
export type NativeKernels = NativeModule;

const BACKEND = 'wasm';

/** What stood in the registry before us: fallback, and what `unregisterNativeKernels` puts back. */
const previous = new Map<string, KernelConfig | undefined>();

/**
 * Compiles our kernels against the memory of `backend`; `registerNativeKernels` puts them to use.
 *
 * More than one thread needs a backend whose memory is shared: `createSharedBackend`.
 *
 * @param options.threads Threads that work on a kernel, the calling one among them. @default 1
 * @param options.build Which build of the kernels. @default `relaxed` where the engine has relaxed SIMD, `fixed` elsewhere
 * @param options.largeTiles Whether convolutions may use Winograd's F(6×6, 3×3). @default true
 */
export async function loadNative(
  backend: BackendWasm,
  {
    threads = 1,
    build = hasRelaxedSimd() ? 'relaxed' : 'fixed',
    largeTiles = true,
  }: Partial<NativeSettings> = {},
): Promise<NativeKernels> {
  return NativeModule.load(backend, { threads, build, largeTiles });
}

/** Registers our kernels for backend 'wasm', in place of those that stand there. Idempotent. */
export function registerNativeKernels(native: NativeKernels): void {
  unregisterNativeKernels();
  for (const [name, kernelFunc] of ownKernels(native)) put(name, () => kernelFunc);
  for (const name of tfjsConvNames) put(name, (fallback) => tfjsConvKernel(native, name, fallback));
  put('AvgPool', (fallback) => tfjsAveragePool(native, fallback));
  for (const [name, make] of [...copyKernels, ...elementwiseKernels, ...productKernels])
    put(name, (fallback) => make(native, fallback));
}

/** Puts the registry back as `registerNativeKernels` found it. */
export function unregisterNativeKernels(): void {
  for (const [kernelName, stock] of previous) {
    unregisterKernel(kernelName, BACKEND);
    if (stock !== undefined) registerKernel(stock);
  }
  previous.clear();
}

function put(kernelName: string, make: (fallback: KernelFunc | undefined) => KernelFunc): void {
  // tfjs' types deny it, but an unknown kernel is undefined.
  const stock = getKernel(kernelName, BACKEND) as KernelConfig | undefined;
  // Of a kernel that two of ours stand for, one behind the other, it is the one before both.
  if (!previous.has(kernelName)) previous.set(kernelName, stock);
  if (stock !== undefined) unregisterKernel(kernelName, BACKEND);
  // The set-up of the stock kernel stays: it runs when the backend starts, and ours may fall back to it.
  registerKernel({ ...stock, kernelName, backendName: BACKEND, kernelFunc: make(stock?.kernelFunc) });
}
