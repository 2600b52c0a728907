import { type Module, networkAt, type ParamsOf, type Setting, type SpecNode } from '@sshn/core';
import type { InputTree } from '@sshn/trace';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type CountOptions, countFlops } from './count.js';
import type { FlopReport } from './report/report.js';

/** How a module is called. */
export interface CountModuleOptions extends CountOptions {
  /** Of the input, batch and channels included: `[batch, height, width, channels]`. */
  readonly inputShape: readonly number[];
  /** The factors of the call. */
  readonly at: Setting;
}

/** A module that takes one tensor. */
export type TensorModule<Specs extends SpecNode> = Module<Specs, Tensor, unknown>;

/**
 * What one call of a module costs; its parameters come from its specs, so nothing is initialized.
 *
 * Of a hypernetized network it counts the hypernetwork too; count `model.network` for the network alone.
 *
 * @throws {MissingFlopRuleError} if a kernel has no rule. @throws {UnknownKernelError} if a kernel has no shape.
 * @example
 * const report = countModule(unet({ inChannels: 1, outChannels: 25 }), {
 *   inputShape: [1, 256, 256, 1],
 *   at: setting(0.25),
 * });
 * console.log(formatTable(report));
 */
export function countModule<Specs extends SpecNode>(
  module: TensorModule<Specs>,
  { inputShape, at, ...options }: CountModuleOptions,
): FlopReport {
  const { specs } = networkAt(module, at);
  const inputs: InputTree[] = [specs, { shape: inputShape }];
  return countFlops((params, x) => module.apply(params as ParamsOf<Specs>, x as Tensor, at), inputs, options);
}
