import { useFastWasm } from '@sshn/backend-wasm';
import type { Job } from '../../work/job.js';
import type { Tensors } from '../../work/work.js';
import { Absent, type PeerProgram, type Prepared } from '../program.js';
import { prepareConvolution } from '../tfjs/convolution.js';
import { prepareWeights } from '../tfjs/weights.js';
import { prepareArchitecture, prepareInference } from './inference.js';
import { prepareRegistration } from './registration.js';
import { prepareTrace } from './trace.js';
import { prepareTraining } from './training.js';

/** @sshn as a user has it after `useFastWasm()`. */
export const ours: PeerProgram = {
  async start(threads) {
    const status = await useFastWasm({ threads });
    if (status.threads !== threads || status.limits.length > 0)
      throw new Absent(`got ${status.threads} thread(s) of ${threads}. ${status.limits.join(' ')}`);
    return 'this repository';
  },
  prepare: prepareOurs,
};

/** A job on the current backend, by our networks and kernels. */
export function prepareOurs(job: Job, inputs: Tensors): Prepared | Promise<Prepared> {
  switch (job.kind) {
    case 'convolution':
      return prepareConvolution(job, inputs);
    case 'inference':
      return prepareInference(job, inputs);
    case 'architecture':
      return prepareArchitecture(job, inputs);
    case 'weights':
      return prepareWeights(job, inputs);
    case 'training':
      return prepareTraining(job, inputs);
    case 'registration':
      return prepareRegistration(job, inputs);
    case 'trace':
      return prepareTrace(job);
  }
}
