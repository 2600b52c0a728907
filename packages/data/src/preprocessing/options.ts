/**
 * What preprocessing may be told, apart from what does it: '@sshn/data/options', for programs that read a description of it and
 * no image.
 */
import { type OptionFault, option } from '@sshn/core';
import type { IntensityNormalization } from './preprocess.js';

export { fits } from '../folder/volume-options.js';
export { sliceAxes } from '../volumes/orientation.js';

const percent = { least: 0, most: 100 } as const;

/** The ways to normalize intensities, and what each takes: for configurations and manifests. */
export const intensityKinds = {
  none: {},
  minMax: {},
  zScore: {},
  percentile: {
    low: option.number({ ...percent, help: 'Percentile of the image that becomes 0' }),
    high: option.number({ ...percent, help: 'Percentile of the image that becomes 1' }),
    within: option.choice(['foreground'], {
      optional: true,
      help: 'Of what percentiles are taken, if not of the whole image',
    }),
  },
  window: {
    low: option.number({ help: 'Value that becomes 0, such as a number in HU' }),
    high: option.number({ help: 'Value that becomes 1' }),
  },
};

/** What is wrong between the numbers of a normalization. */
export function intensityFaults(one: IntensityNormalization | { readonly kind: 'auto' }): OptionFault[] {
  return (one.kind === 'percentile' || one.kind === 'window') && one.low >= one.high
    ? [{ path: ['high'], message: 'is not above low' }]
    : [];
}
