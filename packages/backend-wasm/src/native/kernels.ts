import {
  type Implementation,
  type Implementations,
  implementationsOf,
  type JoinKernels,
  type SumKernels,
} from '@sshn/ops';
import type { KernelFunc } from '@tensorflow/tfjs-core';

import { adam } from './adam.js';
import { averagePool, averagePoolGrad } from './average-pool.js';
import { conv, convGradInput, convGradKernel } from './conv.js';
import { convJoin, convJoinGrad } from './conv-join.js';
import { globalNorm, heads, headsGradient } from './heads.js';
import { boxSum, localNcc, localNccGrad } from './local-ncc.js';
import { crossEntropy, softDice } from './losses.js';
import type { NativeModule } from './module.js';
import { convGradBias, convGradRectifier, leakyReluGrad, leakyReluSum } from './pointwise.js';
import { resize, resizeGrad } from './resize.js';
import { warp, warpGradField, warpGradImage } from './warp.js';

/** Maximum pooling is composed from tfjs' own: those windows are fast already. */
type Compiled = Omit<Implementations<NativeModule>, 'SshnMaximumPool' | 'SshnMaximumPoolGrad'>;

const runs = {
  SshnConv: (native, { x, kernel, bias }, { slope }) => conv(native, x, kernel, { bias, slope }),
  SshnConvGradInput: (native, { dy, kernel }) => convGradInput(native, dy, kernel),
  SshnConvGradKernel: (native, { x, dy }, { kernelSize }) => convGradKernel(native, x, dy, kernelSize),
  SshnConvGradBias: (native, { dy }) => convGradBias(native, dy),
  SshnConvGradRectifier: convGradRectifier,
  SshnLeakyReluGrad: leakyReluGrad,
  SshnResize: (native, { x }, { size }) => resize(native, x, size),
  SshnResizeGrad: (native, { dy }, { inputSize }) => resizeGrad(native, dy, inputSize),
  SshnAveragePool: (native, { x }, { size }) => averagePool(native, x, size),
  SshnAveragePoolGrad: (native, { dy }, { inputSize }) => averagePoolGrad(native, dy, inputSize),
  SshnBoxSum: (native, { x }, { window }) => boxSum(native, x, window),
  SshnLocalNcc: localNcc,
  SshnLocalNccGrad: (native, { moved, fixed, maps }, { window }) =>
    localNccGrad(native, { moved, fixed, maps }, window),
  SshnHeads: (native, inputs, { baseScales }) => heads(native, inputs, baseScales),
  SshnHeadsGrad: headsGradient,
  SshnCrossEntropy: crossEntropy,
  SshnSoftDice: softDice,
  SshnGlobalNorm: (native, inputs) => globalNorm(native, Object.values(inputs)),
  SshnWarp: warp,
  SshnWarpGradField: warpGradField,
  SshnWarpGradImage: (native, { dy, field }, { inputSize, ...sampling }) =>
    warpGradImage(native, { dy, field, inputSize }, sampling),
  SshnAdam: adam,
} satisfies Compiled;

type Own = JoinKernels & SumKernels;

/** Those that only some backends have. */
const own: {
  readonly [Name in keyof Own]: Implementation<Own[Name], NativeModule>;
} = {
  SshnLeakyReluSum: leakyReluSum,
  SshnConvJoin: (native, inputs, { slope }) => convJoin(native, inputs, slope),
  SshnConvJoinGrad: (native, { dy, ...inputs }) => convJoinGrad(native, dy, inputs),
};

/** The kernels that tfjs does not know, by name; what each computes is said at `Kernels` of @sshn/ops. */
export function ownKernels(native: NativeModule): Map<string, KernelFunc> {
  return new Map(
    implementationsOf<NativeModule>({ ...runs, ...own }).map(([name, run]) => [
      name,
      ({ inputs, attrs }) => run(native, inputs, attrs ?? {}),
    ]),
  );
}
