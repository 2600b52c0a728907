import type { RunConfig } from '../config/run-config.js';

/** How many downsampling steps a network has: one less than it has stages. */
export function downsamplingSteps({
  features,
  stages = 5,
}: Pick<RunConfig['architecture'], 'features' | 'stages'>): number {
  return (typeof features === 'number' ? stages : features.length) - 1;
}
