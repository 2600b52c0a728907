import { averagePooling, downsample, type Layer, maximumPooling, stridedConvolution } from '@sshn/layers';
import type { Plan } from '../config/plan.js';

/** What may bring features to the size of the next stage. */
export const downsamplings = ['linear', 'max', 'average', 'strided'] as const;

/** One of them. */
export type Downsampling = (typeof downsamplings)[number];

/** Makes the step down behind a stage of so many features. */
const layers: Record<Downsampling, (step: number, plan: Plan, channels: number) => Layer> = {
  linear: (step) => downsample({ step }),
  max: (step) => maximumPooling({ step }),
  average: (step) => averagePooling({ step }),
  strided: (step, { rank, kernelSize }, channels) =>
    stridedConvolution({ step, rank, inChannels: channels, outChannels: channels, kernelSize }),
};

/** The steps down between the stages of an encoder; step 0 follows the stage of full resolution. */
export function downsampling(plan: Plan): Layer[] {
  const make = layers[plan.downsampling];
  return plan.widths.slice(0, -1).map((width, step) => make(step, plan, width));
}
