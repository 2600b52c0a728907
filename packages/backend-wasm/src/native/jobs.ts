/** Kinds of job, numbered as in `assembly/tasks.ts`. */
export const JOBS = {
  convDirect: 0,
  convKernelGradient: 1,
  winogradForward: 2,
  winogradKernelGradient: 3,
  biasGradient: 4,
  leakyGradient: 5,
  adam: 6,
  resize: 7,
  resizeGradient: 8,
  head: 9,
  headWeightGradient: 10,
  headHiddenGradient: 11,
  copyRuns: 12,
  convPointwise: 13,
  adamOuter: 14,
  warp: 15,
  warpGradientField: 16,
  warpRanges: 17,
  warpGradientImage: 18,
  winogradKernelBack: 19,
  crossEntropy: 20,
  boxSum: 21,
  softDiceSums: 22,
  softDiceGradient: 23,
  nccTerms: 24,
  nccMaps: 25,
  nccGradients: 26,
} as const;

export type Job = keyof typeof JOBS;

/** Values of one task of the pointwise jobs; `GRAIN` of `assembly/adam.ts` and `assembly/leaky-gradient.ts`. */
export const POINTWISE_GRAIN = 65536;
