import type { KernelFunc, NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';

import { type AdamSettings, type AdamState, adam } from './adam.js';
import { conv, convGradInput, convGradKernel } from './conv.js';
import { globalNorm, head, headGradHidden, headGradWeight } from './heads.js';
import { boxSum, type LocalNccSettings, localNcc, localNccGrad } from './local-ncc.js';
import { crossEntropy, type DiceSettings, softDice } from './losses.js';
import type { NativeModule } from './module.js';
import { convGradBias, convGradRectifier, leakyReluGrad } from './pointwise.js';
import { resize, resizeGrad } from './resize.js';
import { type WarpSampling, warp, warpGradField, warpGradImage } from './warp.js';

/** A kernel of ours: inputs and attributes as tfjs hands them over, unchecked. */
type Run = (
  native: NativeModule,
  inputs: NamedTensorInfoMap,
  attributes: NamedAttrMap,
) => TensorInfo | TensorInfo[];

const runs: Readonly<Record<string, Run>> = {
  SshnConv: (native, { x, kernel, bias }, { slope }) =>
    conv(native, x!, kernel!, { bias, slope: slope as number }),
  SshnConvGradInput: (native, { dy, kernel }) => convGradInput(native, dy!, kernel!),
  SshnConvGradKernel: (native, { x, dy }, { kernelSize }) =>
    convGradKernel(native, x!, dy!, kernelSize as number[]),
  SshnConvGradBias: (native, { dy }) => convGradBias(native, dy!),
  SshnConvGradRectifier: (native, { dy, y }, { slope }) =>
    convGradRectifier(native, { dy: dy!, y: y!, slope: slope as number }),
  SshnLeakyReluGrad: (native, { dy, y }, { slope }) =>
    leakyReluGrad(native, { dy: dy!, y: y!, slope: slope as number }),
  SshnResize: (native, { x }, { size }) => resize(native, x!, size as number[]),
  SshnResizeGrad: (native, { dy }, { inputSize }) => resizeGrad(native, dy!, inputSize as number[]),
  SshnBoxSum: (native, { x }, { window }) => boxSum(native, x!, window as number),
  SshnLocalNcc: (native, { moved, fixed }, settings) =>
    localNcc(native, { moved: moved!, fixed: fixed! }, settings as unknown as LocalNccSettings),
  SshnLocalNccGrad: (native, { moved, fixed, maps }, { window }) =>
    localNccGrad(native, { moved: moved!, fixed: fixed!, maps: maps! }, window as number),
  SshnHead: (native, { weight, hidden }) => head(native, weight!, hidden!),
  SshnHeadGradWeight: (native, { dy, hidden }) => headGradWeight(native, dy!, hidden!),
  SshnHeadGradHidden: (native, { weight, dy }) => headGradHidden(native, weight!, dy!),
  SshnCrossEntropy: (native, { logits, labels }) =>
    crossEntropy(native, { logits: logits!, labels: labels! }),
  SshnSoftDice: (native, { logits, labels }, attributes) =>
    softDice(native, { logits: logits!, labels: labels! }, attributes as unknown as DiceSettings),
  SshnGlobalNorm: (native, inputs) => globalNorm(native, Object.values(inputs) as TensorInfo[]),
  SshnWarp: (native, { image, field }, sampling) =>
    warp(native, { image: image!, field: field! }, sampling as unknown as WarpSampling),
  SshnWarpGradField: (native, { dy, image, field }, sampling) =>
    warpGradField(native, { dy: dy!, image: image!, field: field! }, sampling as unknown as WarpSampling),
  SshnWarpGradImage: (native, { dy, field }, { inputSize, ...sampling }) =>
    warpGradImage(
      native,
      { dy: dy!, field: field!, inputSize: inputSize as number[] },
      sampling as unknown as WarpSampling,
    ),
  SshnAdam: (native, inputs, attributes) =>
    adam(native, inputs as unknown as AdamState, attributes as unknown as AdamSettings),
};

/** The kernels that tfjs does not know, by name; what each computes is listed at `dispatch` of @sshn/core. */
export function ownKernels(native: NativeModule): Map<string, KernelFunc> {
  return new Map(
    Object.entries(runs).map(([name, run]) => [
      name,
      ({ inputs, attrs }) => run(native, inputs, attrs ?? {}),
    ]),
  );
}
