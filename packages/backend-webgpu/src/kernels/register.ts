import {
  getKernel,
  type KernelBackend,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import { axisKernels } from './axes/kernels.js';
import { convolutionToInput, convolve } from './convolution/forward.js';
import { toBias, toRectifierAndBias } from './convolution/to-bias.js';
import { convolutionToKernel } from './convolution/to-kernel.js';
import { DevicePrograms } from './dispatch/device-programs.js';
import { internalsOf } from './dispatch/internals.js';
import { head, headGradHidden, headGradWeight } from './heads.js';
import type { Kernel } from './kernel.js';
import { lossKernels } from './losses/kernels.js';
import { type AdamSettings, type AdamState, adam } from './pointwise/adam.js';
import { leakyReluGradient } from './pointwise/leaky-relu-gradient.js';
import { globalNorm } from './reduction/global-norm.js';
import { warpKernels } from './warp/kernels.js';

/** The kernels by name; what each computes is listed at `dispatch` of @sshn/core. */
const runs: Readonly<Record<string, Kernel>> = {
  ...axisKernels,
  ...lossKernels,
  ...warpKernels,
  SshnConv: (device, { x, kernel, bias }, { slope }) => convolve(device, x!, kernel!, bias!, slope as number),
  SshnConvGradInput: (device, { dy, kernel }) => convolutionToInput(device, dy!, kernel!),
  SshnConvGradKernel: (device, { x, dy }, { kernelSize }) =>
    convolutionToKernel(device, x!, dy!, kernelSize as number[]),
  SshnConvGradBias: (device, { dy }) => toBias(device, dy!),
  SshnConvGradRectifier: (device, { dy, y }, { slope }) =>
    toRectifierAndBias(device, dy!, y!, slope as number),
  SshnLeakyReluGrad: (device, { dy, y }, { slope }) => leakyReluGradient(device, dy!, y!, slope as number),
  SshnHead: (device, { weight, hidden }) => head(device, weight!, hidden!),
  SshnHeadGradWeight: (device, { dy, hidden }) => headGradWeight(device, dy!, hidden!),
  SshnHeadGradHidden: (device, { weight, dy }) => headGradHidden(device, weight!, dy!),
  SshnGlobalNorm: (device, inputs) => globalNorm(device, Object.values(inputs) as TensorInfo[]),
  SshnAdam: (device, inputs, attributes) =>
    adam(device, inputs as unknown as AdamState, attributes as unknown as AdamSettings),
};

/**
 * Registers the kernels of ours for a webgpu backend; those of an earlier one are taken back.
 *
 * @returns their names; none where the backend is of another version, which runs on compositions.
 */
export function registerOwnKernels(backend: KernelBackend, backendName: string): readonly string[] {
  const names = Object.keys(runs);
  for (const kernelName of names)
    if (getKernel(kernelName, backendName) != null) unregisterKernel(kernelName, backendName);
  const inside = internalsOf(backend);
  if (inside === undefined) return [];
  const device = new DevicePrograms(inside);
  for (const [kernelName, run] of Object.entries(runs)) {
    registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) => run(device, inputs, attrs ?? {}),
    });
  }
  return names;
}
