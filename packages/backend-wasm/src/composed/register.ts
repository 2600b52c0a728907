import { getKernel, type KernelConfig, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { conv2dBackpropFilter } from './convolution/conv2d-backprop-filter.js';
import { conv2dBackpropInput } from './convolution/conv2d-backprop-input.js';
import { conv3d } from './convolution/conv3d.js';
import { conv3dBackpropFilter } from './convolution/conv3d-backprop-filter.js';
import { conv3dBackpropInput } from './convolution/conv3d-backprop-input.js';
import { depthwiseBackpropFilter } from './convolution/depthwise-backprop-filter.js';
import { depthwiseBackpropInput } from './convolution/depthwise-backprop-input.js';
import { BACKEND, type ComposedKernel, kernelFunction } from './kernel.js';
import { averagePool3dGrad, averagePoolGrad } from './pooling/average-pool-grad.js';
import { maxPool3d } from './pooling/max-pool-3d.js';
import { maxPool3dGrad, maxPoolGrad } from './pooling/max-pool-grad.js';
import { batchMatMul } from './product/batch-mat-mul.js';
import { fusedMatMul } from './product/fused-mat-mul.js';
import { unsortedSegmentSum } from './unsorted-segment-sum.js';

/** All tfjs kernels that we compose. */
export const composedKernels: readonly ComposedKernel[] = [
  conv2dBackpropFilter,
  conv2dBackpropInput,
  depthwiseBackpropFilter,
  depthwiseBackpropInput,
  unsortedSegmentSum,
  conv3d,
  conv3dBackpropFilter,
  conv3dBackpropInput,
  maxPool3d,
  maxPoolGrad,
  maxPool3dGrad,
  averagePoolGrad,
  averagePool3dGrad,
  batchMatMul,
  fusedMatMul,
];

/** What stood in the registry before us, for each kernel that we registered. */
const previous = new Map<string, KernelConfig | undefined>();

/**
 * Registers the composed kernels for backend 'wasm': those that stock tfjs has slow or wrong in its place, those that it
 * lacks unless the installed tfjs brings them. Idempotent.
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

/** Whether a kernel of our list is registered by us, not brought by the installed tfjs. */
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
