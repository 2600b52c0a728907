import type { Graph } from '@sshn/trace';

/** An amount of arithmetic. */
export interface Cost {
  /** Multiply-adds of convolutions and matrix products. */
  readonly macs: number;
  /** Floating-point operations: 2 · macs + everything else. */
  readonly flops: number;
}

/** All runs of one kernel. */
export interface KernelCost extends Cost {
  readonly kernel: string;
  readonly calls: number;
}

/** All that ran inside of one module, the modules within it included. */
export interface ModuleCost extends Cost {
  /** Dotted path, '' for the whole. */
  readonly path: string;
  /** How many numbers the parameters hold that this module is the first to use. */
  readonly parameters: number;
  /** Of the last tensor made here; undefined if none was. */
  readonly outputShape: readonly number[] | undefined;
  /** Most expensive kernel first. */
  readonly byKernel: readonly KernelCost[];
  /** In the order in which they ran. */
  readonly children: readonly ModuleCost[];
}

/** A kernel that was not counted. */
export interface UncountedKernel {
  readonly kernel: string;
  readonly calls: number;
  /** Paths of the modules that ran it. */
  readonly modules: readonly string[];
}

/** What one call of a function costs. */
export interface FlopReport extends Cost {
  /**
   * What remains where the maps of decoders are convolved at their own resolution instead of upsampled, wherever that takes fewer operations:
   * exact, and what @sshn/backend-wasm does where it is faster. The same as `macs` and `flops` for networks without such a decoder.
   */
  readonly joined: Cost;
  /** How many numbers all parameters hold, used or not. */
  readonly parameters: number;
  /** Names of the parameters that no kernel read. */
  readonly unusedParameters: readonly string[];
  /** Elements that convolutions and matrix products made. */
  readonly activations: number;
  /** The most memory that inputs, intermediate results and outputs take at one time, in bytes; parameters apart. */
  readonly peakActivationBytes: number;
  /** The whole, and the modules in it. */
  readonly byModule: ModuleCost;
  /** Most expensive kernel first. */
  readonly byKernel: readonly KernelCost[];
  /** Kernels left out on purpose: they only move elements. */
  readonly ignored: readonly UncountedKernel[];
  /** Kernels that no rule knows; empty unless option `unknown` is 'list'. */
  readonly unknown: readonly UncountedKernel[];
  /** What was counted. */
  readonly graph: Graph;
}
