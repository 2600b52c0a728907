import { averagePooling, downsample, type Layer, maximumPooling, stridedConvolution } from '@sshn/layers';

/** What may bring features to the size of the next stage. */
export const downsamplings = ['linear', 'max', 'average', 'strided'] as const;

/** One of them. */
export type Downsampling = (typeof downsamplings)[number];

/** What decides about the steps down of an encoder. */
export interface Steps {
  readonly downsampling: Downsampling;
  readonly rank: 2 | 3;
  readonly kernelSize: number | readonly number[];
  /** Features per stage, from full resolution down. */
  readonly widths: readonly number[];
}

/** Makes the step down behind a stage of so many features. */
const layers: Record<Downsampling, (step: number, steps: Steps, channels: number) => Layer> = {
  linear: (step) => downsample({ step }),
  max: (step) => maximumPooling({ step }),
  average: (step) => averagePooling({ step }),
  strided: (step, { rank, kernelSize }, channels) =>
    stridedConvolution({ step, rank, inChannels: channels, outChannels: channels, kernelSize }),
};

/** The steps down between the stages of an encoder; step 0 follows the stage of full resolution. */
export function downsampling(steps: Steps): Layer[] {
  const make = layers[steps.downsampling];
  return steps.widths.slice(0, -1).map((width, step) => make(step, steps, width));
}
