import {
  type AdamState,
  type DenseKernels,
  type GroupKernels,
  type Implementation,
  type Implementations,
  implementationsOf,
  type UnitDifferenceKernels,
} from '@sshn/ops';
import {
  getKernel,
  type KernelBackend,
  type KernelConfig,
  registerKernel,
  SplitV,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import {
  average,
  averageTransposed,
  interpolation,
  interpolationTransposed,
  mapAxes,
  maximum,
  sumOverWindows,
} from './axes.js';
import { convolutionToInput, convolve, toBias, toRectifierAndBias } from './convolution.js';
import { convolutionToKernel } from './convolution-to-kernel.js';
import { DevicePrograms, internalsOf } from './device-programs.js';
import { heads, headsGradient } from './heads.js';
import { crossEntropy, softDice } from './label-losses.js';
import { localNcc, localNccGrad } from './local-ncc.js';
import { maximumGradient } from './maximum-gradient.js';
import { adamGroup, leakyReluGradient } from './pointwise.js';
import { globalNorm } from './reduction.js';
import { dense, denseGradient, unitDifference, unitDifferenceGradient } from './small-layers.js';
import { splitKernel } from './split.js';
import { warp, warpGradField } from './warp.js';
import { warpGradImage } from './warp-to-image.js';

/** The kernels by name; what each computes is said at `Kernels` of @sshn/ops; none is missing. */
const runs: Implementations<DevicePrograms> = {
  SshnResize: (device, { x }, { size }) => mapAxes(device, interpolation, x, size),
  SshnResizeGrad: (device, { dy }, { inputSize }) => mapAxes(device, interpolationTransposed, dy, inputSize),
  SshnAveragePool: (device, { x }, { size }) => mapAxes(device, average, x, size),
  SshnAveragePoolGrad: (device, { dy }, { inputSize }) => mapAxes(device, averageTransposed, dy, inputSize),
  SshnMaximumPool: (device, { x }, { size }) => mapAxes(device, maximum, x, size),
  SshnMaximumPoolGrad: (device, { dy, x }) => maximumGradient(device, dy, x),
  SshnBoxSum: (device, { x }, { window }) => sumOverWindows(device, x, window),
  SshnCrossEntropy: (device, { logits, labels }) => crossEntropy(device, { logits, labels }),
  SshnSoftDice: (device, { logits, labels }, settings) => softDice(device, { logits, labels }, settings),
  SshnLocalNcc: (device, { moved, fixed }, settings) => localNcc(device, { moved, fixed }, settings),
  SshnLocalNccGrad: (device, { moved, fixed, maps }, { window }) =>
    localNccGrad(device, { moved, fixed, maps }, window),
  SshnWarp: (device, { image, field }, sampling) => warp(device, { image, field }, sampling),
  SshnWarpGradField: (device, { dy, image, field }, sampling) =>
    warpGradField(device, { dy, image, field }, sampling),
  SshnWarpGradImage: (device, { dy, field }, { inputSize, ...sampling }) =>
    warpGradImage(device, { dy, field, inputSize }, sampling),
  SshnConv: (device, { x, kernel, bias }, { slope }) => convolve(device, x, kernel, bias, slope),
  SshnConvGradInput: (device, { dy, kernel }) => convolutionToInput(device, dy, kernel),
  SshnConvGradKernel: (device, { x, dy }, { kernelSize }) => convolutionToKernel(device, x, dy, kernelSize),
  SshnConvGradBias: (device, { dy }) => toBias(device, dy),
  SshnConvGradRectifier: (device, { dy, y }, { slope }) => toRectifierAndBias(device, dy, y, slope),
  SshnLeakyReluGrad: (device, { dy, y }, { slope }) => leakyReluGradient(device, dy, y, slope),
  SshnHeads: (device, inputs, { baseScales }) => heads(device, inputs, baseScales),
  SshnHeadsGrad: (device, inputs) => headsGradient(device, inputs),
  SshnGlobalNorm: (device, inputs) => globalNorm(device, Object.values(inputs)),
  SshnAdam: (device, state, { learningRate, ...settings }) =>
    adamGroup(device, [state], { ...settings, learningRates: [learningRate] }) as [
      TensorInfo,
      TensorInfo,
      TensorInfo,
    ],
};

type OnlyHere = GroupKernels & DenseKernels & UnitDifferenceKernels;

/** Those that only some backends have. */
const groups: { readonly [Name in keyof OnlyHere]: Implementation<OnlyHere[Name], DevicePrograms> } = {
  SshnDense: (device, inputs, { slope }) => dense(device, inputs, slope),
  SshnDenseGrad: (device, inputs, { slope }) => denseGradient(device, inputs, slope),
  SshnUnitDifference: (device, { x }, settings) => unitDifference(device, x, settings),
  SshnUnitDifferenceGrad: (device, { dy, x }, settings) => unitDifferenceGradient(device, dy, x, settings),
  SshnAdamGroup: (device, inputs, settings) => {
    const stateOf = (_: number, i: number): AdamState<TensorInfo> => ({
      param: inputs[`param${i}`]!,
      m: inputs[`m${i}`]!,
      v: inputs[`v${i}`]!,
      grad: inputs[`grad${i}`]!,
    });
    return adamGroup(device, settings.learningRates.map(stateOf), settings);
  },
};

/**
 * Registers the kernels of ours for a webgpu backend; those of an earlier one are taken back.
 *
 * @returns their names; none where the backend is of another version, which runs on compositions.
 */
export function registerOwnKernels(backend: KernelBackend, backendName: string): readonly string[] {
  const all = { ...runs, ...groups };
  const names = Object.keys(all);
  for (const kernelName of names)
    if (getKernel(kernelName, backendName) != null) unregisterKernel(kernelName, backendName);
  const inside = internalsOf(backend);
  const device = inside && new DevicePrograms(inside);
  replaceSplit(backendName, device);
  if (device === undefined) return [];
  for (const [kernelName, run] of implementationsOf<DevicePrograms>(all)) {
    registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) => run(device, inputs, attrs ?? {}),
    });
  }
  return names;
}

/** tfjs' kernel that ours stands in for, as it was found at first. */
let stockSplit: KernelConfig | undefined;

/** Puts ours in the place of tfjs' `SplitV`, or without a device tfjs' back. */
function replaceSplit(backendName: string, device: DevicePrograms | undefined): void {
  stockSplit ??= getKernel(SplitV, backendName);
  const stock = stockSplit;
  unregisterKernel(SplitV, backendName);
  const kernelFunc = device === undefined ? stock.kernelFunc : splitKernel(device, stock.kernelFunc);
  registerKernel({ ...stock, kernelFunc });
}
