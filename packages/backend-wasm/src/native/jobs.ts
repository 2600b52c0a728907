/**
 * The kinds of job that the compiled kernels do. `scripts/build-assembly.ts` generates `assembly/tasks.ts`, which calls the
 * function of each.
 */
import type { StructName } from './layout.js';

/**
 * Kinds of job, numbered in this order: the struct of its arguments, the file in `assembly/` that has the function of that
 * name, and whether it needs to know which worker runs it.
 */
export const JOBS = {
  convDirect: ['ConvArgs', 'conv-direct', true],
  convKernelGradient: ['ConvArgs', 'conv-kernel-gradient', true],
  winogradForward: ['ConvArgs', 'winograd-forward', true],
  winogradKernelGradient: ['ConvArgs', 'winograd-kernel-gradient', true],
  biasGradient: ['BiasArgs', 'bias-gradient', false],
  leakyGradient: ['LeakyArgs', 'leaky-gradient', false],
  adam: ['AdamArgs', 'adam', false],
  resize: ['ResizeArgs', 'resize', false],
  resizeGradient: ['ResizeArgs', 'resize-gradient', true],
  head: ['HeadArgs', 'head', false],
  headWeightGradient: ['HeadArgs', 'head', false],
  headRowGradient: ['HeadArgs', 'head', false],
  copyRuns: ['CopyArgs', 'copy-runs', false],
  convPointwise: ['ConvArgs', 'conv-pointwise', true],
  adamOuter: ['AdamArgs', 'adam', false],
  warp: ['WarpArgs', 'warp', true],
  warpGradientField: ['WarpArgs', 'warp-gradient-field', true],
  warpRanges: ['WarpArgs', 'warp-gradient-image', true],
  warpGradientImage: ['WarpArgs', 'warp-gradient-image', true],
  winogradKernelBack: ['ConvArgs', 'winograd-kernel', true],
  crossEntropy: ['CrossEntropyArgs', 'cross-entropy', false],
  boxSum: ['BoxSumArgs', 'box-sum', true],
  softDiceSums: ['DiceArgs', 'soft-dice', false],
  softDiceGradient: ['DiceArgs', 'soft-dice', false],
  nccTerms: ['NccArgs', 'local-ncc', false],
  nccMaps: ['NccArgs', 'local-ncc', false],
  nccGradients: ['NccArgs', 'local-ncc', false],
  joinGradient: ['JoinGradientArgs', 'join-gradient', true],
  joinDepth: ['JoinDepthArgs', 'join-depth', false],
  joinDepthGradient: ['JoinDepthArgs', 'join-depth', false],
} as const satisfies Readonly<Record<string, readonly [StructName, string, boolean]>>;

export type Job = keyof typeof JOBS;

/** The struct of a job's arguments. */
export type ArgsOf<Name extends Job> = (typeof JOBS)[Name][0];

/** The number of each kind of job. */
export const JOB_NUMBERS = new Map(Object.keys(JOBS).map((name, i) => [name as Job, i]));
