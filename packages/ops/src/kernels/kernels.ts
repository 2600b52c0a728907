import type { NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import { type ActivationKernels, activationRules } from './activation.js';
import { type AveragePoolKernels, averagePoolRules } from './average-pool.js';
import type { Implementation, KernelRules } from './contract.js';
import { type ConvolutionKernels, convolutionRules } from './convolution.js';
import { type HeadKernels, headRules } from './heads.js';
import { type LabelLossKernels, labelLossRules } from './label-losses.js';
import { type LocalNccKernels, localNccRules } from './local-ncc.js';
import { type MaximumPoolKernels, maximumPoolRules } from './maximum-pool.js';
import { type OptimizerKernels, optimizerRules } from './optimizer.js';
import { type ResizeKernels, resizeRules } from './resize.js';
import { type WarpKernels, warpRules } from './warp.js';

/**
 * The kernels that a backend may have to replace what is composed here from ordinary tfjs ops; their types and documentation
 * are those of the families, each in its file.
 *
 * Registering one (tfjs `registerKernel`) changes speed, not results. A backend writes a table `satisfies
 * Implementations<Device>`, from which none is missing, or a `Pick` of it.
 */
export interface Kernels
  extends ActivationKernels,
    AveragePoolKernels,
    ConvolutionKernels,
    HeadKernels,
    LabelLossKernels,
    LocalNccKernels,
    MaximumPoolKernels,
    OptimizerKernels,
    ResizeKernels,
    WarpKernels {}

/** The name of a kernel of ours. */
export type SshnKernel = keyof Kernels;

/** How a backend runs each of the kernels; `Device` is what its kernels work on. */
export type Implementations<Device> = {
  readonly [Name in SshnKernel]: Implementation<Kernels[Name], Device>;
};

/** Shapes and work of each of the kernels. Made by a call, so that bundlers leave it out where nothing traces: they keep spreads. */
export const kernelRules: KernelRules<Kernels> = /* @__PURE__ */ (() => ({
  ...activationRules,
  ...averagePoolRules,
  ...convolutionRules,
  ...headRules,
  ...labelLossRules,
  ...localNccRules,
  ...maximumPoolRules,
  ...optimizerRules,
  ...resizeRules,
  ...warpRules,
}))();

/** A kernel as tfjs calls it, who knows no types of its inputs and attributes. */
export type Run<Device> = (
  device: Device,
  inputs: NamedTensorInfoMap,
  attributes: object,
) => TensorInfo | TensorInfo[];

/** The entries of a backend's table, for tfjs' registry: names, and functions without types. */
export function implementationsOf<Device>(
  table: Partial<Implementations<Device>>,
): ReadonlyArray<readonly [name: SshnKernel, run: Run<Device>]> {
  return Object.entries(table) as unknown as Array<[SshnKernel, Run<Device>]>;
}
