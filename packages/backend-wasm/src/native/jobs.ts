/**
 * The kinds of job that the compiled kernels do. `scripts/build-assembly.ts` generates `assembly/tasks.ts`, which calls the
 * function of that name in `assembly/`.
 */
import type { StructName } from './layout.js';

/** Kinds of job, numbered in this order, and the struct of the arguments of each. */
export const JOBS = {
  convDirect: 'ConvArgs',
  convKernelGradient: 'ConvArgs',
  winogradForward: 'ConvArgs',
  winogradKernelGradient: 'ConvArgs',
  biasGradient: 'BiasArgs',
  elementwise: 'ElementwiseArgs',
  adam: 'AdamArgs',
  resize: 'ResizeArgs',
  resizeGradient: 'ResizeArgs',
  head: 'HeadArgs',
  headWeightGradient: 'HeadArgs',
  headRowGradient: 'HeadArgs',
  copyRuns: 'CopyArgs',
  convPointwise: 'ConvArgs',
  adamOuter: 'AdamArgs',
  warp: 'WarpArgs',
  warpGradientField: 'WarpArgs',
  warpRanges: 'WarpArgs',
  warpGradientImage: 'WarpArgs',
  winogradKernelBack: 'ConvArgs',
  crossEntropy: 'CrossEntropyArgs',
  boxSum: 'BoxSumArgs',
  softDiceSums: 'DiceArgs',
  softDiceGradient: 'DiceArgs',
  nccTerms: 'NccArgs',
  nccMaps: 'NccArgs',
  nccGradients: 'NccArgs',
  joinGradient: 'JoinGradientArgs',
  joinDepth: 'JoinDepthArgs',
  joinDepthGradient: 'JoinDepthArgs',
  windowMeans: 'WindowArgs',
  windowMeansGradient: 'WindowArgs',
} as const satisfies Readonly<Record<string, StructName>>;

export type Job = keyof typeof JOBS;

/** The struct of a job's arguments. */
export type ArgsOf<Name extends Job> = (typeof JOBS)[Name];

/** The number of each kind of job. */
export const JOB_NUMBERS = new Map(Object.keys(JOBS).map((name, i) => [name as Job, i]));
