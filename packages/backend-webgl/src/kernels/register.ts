import { type Implementations, implementationsOf } from '@sshn/ops';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { env, getKernel, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { WebglPrecisionError } from '../errors.js';
import { boxSum, mapAxes } from './axes.js';
import { heads, headsGradient } from './heads.js';
import { adam, leakyReluGrad } from './pointwise.js';
import { globalNorm, sumPixels } from './sums.js';
import { warp, warpGradField } from './warp.js';

/** The kernels by name; what each computes is said at `Kernels` of @sshn/ops. */
const kernels: Partial<Implementations<MathBackendWebGL>> = {
  SshnResize: (backend, { x }, { size }) => mapAxes(backend, 'resize', { x, size }),
  SshnResizeGrad: (backend, { dy }, { inputSize }) =>
    mapAxes(backend, 'resizeGrad', { x: dy, size: inputSize }),
  SshnAveragePool: (backend, { x }, { size }) => mapAxes(backend, 'averagePool', { x, size }),
  SshnAveragePoolGrad: (backend, { dy }, { inputSize }) =>
    mapAxes(backend, 'averagePoolGrad', { x: dy, size: inputSize }),
  SshnBoxSum: (backend, { x }, { window }) => boxSum(backend, x, window),
  SshnWarp: (backend, { image, field }, sampling) => warp(backend, { image, field }, sampling),
  SshnWarpGradField: (backend, { dy, image, field }, sampling) =>
    warpGradField(backend, { dy, image, field }, sampling),
  SshnLeakyReluGrad: (backend, { dy, y }, { slope }) => leakyReluGrad(backend, { dy, y, slope }),
  SshnConvGradBias: (backend, { dy }) => sumPixels(backend, dy),
  SshnConvGradRectifier: (backend, { dy, y }, { slope }) => {
    const dz = leakyReluGrad(backend, { dy, y, slope });
    return [dz, sumPixels(backend, dz)];
  },
  SshnHeads: (backend, inputs, { baseScales }) => heads(backend, inputs, baseScales),
  SshnHeadsGrad: (backend, inputs) => headsGradient(backend, inputs),
  SshnGlobalNorm: (backend, tensors) => globalNorm(backend, Object.values(tensors)),
  SshnAdam: (backend, state, settings) => adam(backend, state, settings),
};

/** What every training calls: a gradient to weights, a step of Adam, or the norm of all gradients. */
const trainingKernels: Readonly<Record<string, string>> = {
  SshnConvGradKernel: 'Training a convolution',
  SshnHeadsGrad: 'Training a hypernetwork',
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
  for (const [kernelName, run] of hasIntegers ? implementationsOf(kernels) : []) {
    if (kernelName in refusals) continue;
    registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) => run(backend, inputs, attrs ?? {}),
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
