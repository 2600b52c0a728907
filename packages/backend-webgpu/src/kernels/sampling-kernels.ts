import type { WebgpuKernel } from './kernel.js';

/** Kernels that read images between their voxels, and small ones beside them. */
export const samplingKernels: Readonly<Record<string, WebgpuKernel>> = {};
