import { getKernel, type KernelConfig, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { BACKEND, type ComposedKernel, kernelFunction } from './kernel.js';
import { batchMatMul, fusedMatMul } from './products.js';
import { unsortedSegmentSum } from './unsorted-segment-sum.js';
import { windowKernels } from './windows.js';

/** All tfjs kernels that we compose. */
export const composedKernels: readonly ComposedKernel[] = [
  ...windowKernels,
  batchMatMul,
  fusedMatMul,
  unsortedSegmentSum,
];

/** What stood in the registry before us, for each kernel that we registered. */
const previous = new Map<string, KernelConfig | undefined>();

/**
 * Registers the composed kernels for backend 'wasm': those that stock tfjs has slow or wrong in its place, those that it
 * lacks unless the installed tfjs has them. Idempotent.
 */
export function registerComposedKernels(): void {
  for (const kernel of composedKernels) {
    const { kernelName, reason } = kernel;
    // tfjs' types deny it, but an unknown kernel is undefined.
    const stock = getKernel(kernelName, BACKEND) as KernelConfig | undefined;
    if (previous.has(kernelName) || (reason === 'missing' && stock !== undefined)) continue;
    previous.set(kernelName, stock);
    if (stock !== undefined) unregisterKernel(kernelName, BACKEND);
    // The set-up of the stock kernel stays: it runs when the backend starts, and our kernel may fall back to it.
    const kernelFunc = kernelFunction(kernel, stock?.kernelFunc);
    registerKernel({ ...stock, kernelName, backendName: BACKEND, kernelFunc });
  }
}

/** Whether a kernel of our list is registered by us, not by the installed tfjs. */
export function isComposed(kernelName: string): boolean {
  return previous.has(kernelName);
}

/** Puts the registry back as `registerComposedKernels` found it. */
export function unregisterComposedKernels(): void {
  for (const [kernelName, stock] of previous) {
    unregisterKernel(kernelName, BACKEND);
    if (stock !== undefined) registerKernel(stock);
  }
  previous.clear();
}
