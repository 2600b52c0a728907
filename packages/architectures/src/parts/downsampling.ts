import { downsample, type Layer } from '@sshn/layers';
import type { Plan } from '../config/plan.js';

/** The steps down between the stages of an encoder; step 0 follows the stage of full resolution. */
export function downsampling({ widths }: Plan): Layer[] {
  return widths.slice(1).map((_, step) => downsample({ step }));
}
