import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { getKernel, registerKernel } from '@tensorflow/tfjs-core';
import type { WebgpuKernel } from './kernel.js';
import { samplingKernels } from './sampling-kernels.js';

/** The kernels by name; what each computes is listed at `dispatch` of @sshn/core. */
const kernels: Readonly<Record<string, WebgpuKernel>> = { ...samplingKernels };

const BACKEND = 'webgpu';

/** Registers our kernels for backend 'webgpu'. Idempotent; returns their names. */
export function registerOwnKernels(): string[] {
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    // tfjs' types deny it, but an unknown kernel is undefined.
    if ((getKernel(kernelName, BACKEND) as unknown) != null) continue;
    registerKernel({
      kernelName,
      backendName: BACKEND,
      kernelFunc: ({ inputs, backend, attrs }) => kernel(backend as WebGPUBackend, inputs, attrs ?? {}),
    });
  }
  return Object.keys(kernels);
}
