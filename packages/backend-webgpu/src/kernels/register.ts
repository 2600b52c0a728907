import { getKernel, type KernelBackend, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { axisKernels } from './axes/kernels.js';
import { DevicePrograms } from './dispatch/device-programs.js';
import { internalsOf } from './dispatch/internals.js';
import type { Kernel } from './kernel.js';
import { lossKernels } from './losses/kernels.js';
import { warpKernels } from './warp/kernels.js';

/** The kernels by name; what each computes is listed at `dispatch` of @sshn/core. */
const kernels: Readonly<Record<string, Kernel>> = { ...axisKernels, ...lossKernels, ...warpKernels };

/**
 * Registers the kernels of ours for a webgpu backend; those of an earlier one are taken back.
 *
 * @returns their names; none where the backend is of another version, which runs on compositions.
 */
export function registerOwnKernels(backend: KernelBackend, backendName: string): readonly string[] {
  const names = Object.keys(kernels);
  for (const kernelName of names) {
    // tfjs' types deny it, but an unknown kernel is undefined.
    if ((getKernel(kernelName, backendName) as unknown) != null) unregisterKernel(kernelName, backendName);
  }
  const inside = internalsOf(backend);
  if (inside === undefined) return [];
  const device = new DevicePrograms(inside);
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) => kernel(device, inputs, attrs ?? {}),
    });
  }
  return names;
}
