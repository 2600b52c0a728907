import { useFastWebgpu, WebgpuUnavailableError } from '@sshn/backend-webgpu';
import { env } from '@tensorflow/tfjs-core';
import { prepareInference } from '../ours/inference.js';
import { prepareTraining } from '../ours/training.js';
import { Absent, type PeerProgram, Unsupported } from '../program.js';
import { prepareConvolution } from '../tfjs/convolution.js';
import { finish } from '../tfjs/tensors.js';
import { prepareWeights } from '../tfjs/weights.js';

/**
 * @sshn on the webgpu backend of tfjs, in Node on Dawn.
 *
 * @param native Whether with the kernels of ours.
 */
export function webgpuProgram(native: boolean): PeerProgram {
  return {
    async start() {
      try {
        const { adapter } = await useFastWebgpu({ native });
        // Without that, tensors of a few numbers are computed in JavaScript.
        env().set('WEBGPU_CPU_FORWARD', false);
        return adapter;
      } catch (error) {
        if (error instanceof WebgpuUnavailableError) throw new Absent(error.message);
        throw error;
      }
    },

    prepare(job, inputs) {
      switch (job.kind) {
        case 'convolution':
          return prepareConvolution(job, inputs);
        case 'inference':
          return prepareInference(job, inputs, finish);
        case 'weights':
          return prepareWeights(job, inputs);
        case 'training':
          return prepareTraining(job, inputs);
        default:
          throw new Unsupported('is measured on the CPU only');
      }
    },
  };
}
