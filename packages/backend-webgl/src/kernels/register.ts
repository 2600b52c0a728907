import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { env, getKernel, registerKernel, type TensorInfo, unregisterKernel } from '@tensorflow/tfjs-core';
import { WebglPrecisionError } from '../errors.js';
import { boxSum, mapAxes } from './axes.js';
import { head, headGradWeight } from './heads.js';
import { type AdamSettings, type AdamState, adam, leakyReluGrad } from './pointwise.js';
import type { Kernel } from './program.js';
import { globalNorm, headGradHidden, sumPixels } from './sums.js';
import type { WarpSampling } from './warp/sampling.js';
import { warp, warpGradField } from './warp/warp.js';

/** The kernels by name; what each computes is listed at `dispatch` of @sshn/core. */
const kernels: Readonly<Record<string, Kernel>> = {
  SshnResize: (backend, { x }, { size }) => mapAxes(backend, 'resize', { x: x!, size: size as number[] }),
  SshnResizeGrad: (backend, { dy }, { inputSize }) =>
    mapAxes(backend, 'resizeGrad', { x: dy!, size: inputSize as number[] }),
  SshnAveragePool: (backend, { x }, { size }) =>
    mapAxes(backend, 'averagePool', { x: x!, size: size as number[] }),
  SshnAveragePoolGrad: (backend, { dy }, { inputSize }) =>
    mapAxes(backend, 'averagePoolGrad', { x: dy!, size: inputSize as number[] }),
  SshnBoxSum: (backend, { x }, { window }) => boxSum(backend, x!, window as number),
  SshnWarp: (backend, { image, field }, sampling) =>
    warp(backend, { image: image!, field: field! }, sampling as unknown as WarpSampling),
  SshnWarpGradField: (backend, { dy, image, field }, sampling) =>
    warpGradField(backend, { dy: dy!, image: image!, field: field! }, sampling as unknown as WarpSampling),
  SshnLeakyReluGrad: (backend, { dy, y }, { slope }) =>
    leakyReluGrad(backend, { dy: dy!, y: y!, slope: slope as number }),
  SshnConvGradBias: (backend, { dy }) => sumPixels(backend, dy!),
  SshnConvGradRectifier: (backend, { dy, y }, { slope }) => {
    const dz = leakyReluGrad(backend, { dy: dy!, y: y!, slope: slope as number });
    return [dz, sumPixels(backend, dz)];
  },
  SshnHead: (backend, { weight, hidden }) => head(backend, weight!, hidden!),
  SshnHeadGradWeight: (backend, { dy, hidden }) => headGradWeight(backend, dy!, hidden!),
  SshnHeadGradHidden: (backend, { weight, dy }) => headGradHidden(backend, weight!, dy!),
  SshnGlobalNorm: (backend, tensors) => globalNorm(backend, Object.values(tensors) as TensorInfo[]),
  SshnAdam: (backend, state, settings) =>
    adam(backend, state as unknown as AdamState, settings as unknown as AdamSettings),
};

/** What every training calls: a gradient to weights, a step of Adam, or the norm of all gradients. */
const trainingKernels: Readonly<Record<string, string>> = {
  SshnConvGradKernel: 'Training a convolution',
  SshnHeadGradWeight: 'Training a hypernetwork',
  SshnGlobalNorm: 'Training with clipped gradients',
  SshnAdam: 'A step of Adam',
};

/**
 * Registers the kernels of ours for a webgl backend; those of an earlier one are taken back.
 *
 * @param refusedBits Where given, what trains ends in a `WebglPrecisionError` that tells them.
 * @returns their names; none on WebGL 1, which runs on compositions.
 */
export function registerOwnKernels(
  backend: MathBackendWebGL,
  backendName: string,
  refusedBits?: number,
): readonly string[] {
  const hasIntegers = env().getNumber('WEBGL_VERSION') === 2;
  const names = hasIntegers ? Object.keys(kernels) : [];
  for (const kernelName of [...Object.keys(kernels), ...Object.keys(trainingKernels)])
    if (getKernel(kernelName, backendName) != null) unregisterKernel(kernelName, backendName);
  const refusals = refusedBits === undefined ? {} : trainingKernels;
  for (const kernelName of names) {
    if (kernelName in refusals) continue;
    registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) =>
        kernels[kernelName]!(backend, inputs as Record<string, TensorInfo>, attrs ?? {}),
    });
  }
  for (const [kernelName, what] of Object.entries(refusals)) {
    registerKernel({
      kernelName,
      backendName,
      kernelFunc: () => {
        throw new WebglPrecisionError(what, refusedBits!);
      },
    });
  }
  return names.filter((name) => !(name in refusals));
}
