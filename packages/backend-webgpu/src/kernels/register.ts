import { type Implementations, implementationsOf } from '@sshn/ops';
import { getKernel, type KernelBackend, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { axisKernels } from './axes/kernels.js';
import { convolutionToInput, convolve } from './convolution/forward.js';
import { toBias, toRectifierAndBias } from './convolution/to-bias.js';
import { convolutionToKernel } from './convolution/to-kernel.js';
import { DevicePrograms } from './dispatch/device-programs.js';
import { internalsOf } from './dispatch/internals.js';
import { head, headGradHidden, headGradWeight } from './heads.js';
import { lossKernels } from './losses/kernels.js';
import { adam } from './pointwise/adam.js';
import { leakyReluGradient } from './pointwise/leaky-relu-gradient.js';
import { globalNorm } from './reduction/global-norm.js';
import { warpKernels } from './warp/kernels.js';

/** The kernels by name; what each computes is said at `Kernels` of @sshn/ops; none is missing. */
const runs: Implementations<DevicePrograms> = {
  ...axisKernels,
  ...lossKernels,
  ...warpKernels,
  SshnConv: (device, { x, kernel, bias }, { slope }) => convolve(device, x, kernel, bias, slope),
  SshnConvGradInput: (device, { dy, kernel }) => convolutionToInput(device, dy, kernel),
  SshnConvGradKernel: (device, { x, dy }, { kernelSize }) => convolutionToKernel(device, x, dy, kernelSize),
  SshnConvGradBias: (device, { dy }) => toBias(device, dy),
  SshnConvGradRectifier: (device, { dy, y }, { slope }) => toRectifierAndBias(device, dy, y, slope),
  SshnLeakyReluGrad: (device, { dy, y }, { slope }) => leakyReluGradient(device, dy, y, slope),
  SshnHead: (device, { weight, hidden }) => head(device, weight, hidden),
  SshnHeadGradWeight: (device, { dy, hidden }) => headGradWeight(device, dy, hidden),
  SshnHeadGradHidden: (device, { weight, dy }) => headGradHidden(device, weight, dy),
  SshnGlobalNorm: (device, inputs) => globalNorm(device, Object.values(inputs)),
  SshnAdam: (device, inputs, attributes) => adam(device, inputs, attributes),
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
  for (const [kernelName, run] of implementationsOf(runs)) {
    registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) => run(device, inputs, attrs ?? {}),
    });
  }
  return names;
}
