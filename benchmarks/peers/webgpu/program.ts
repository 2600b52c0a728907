import { create, globals } from 'webgpu';
import { env, ready, setBackend } from '@tensorflow/tfjs-core';
import { prepareInference } from '../ours/inference.js';
import { prepareTraining } from '../ours/training.js';
import { Absent, type PeerProgram, Unsupported } from '../program.js';
import { prepareConvolution } from '../tfjs/convolution.js';
import { finish } from '../tfjs/tensors.js';
import { prepareWeights } from '../tfjs/weights.js';

/**
 * @sshn on the webgpu backend of tfjs, in Node on Dawn.
 *
 * @param extend What is done when the backend runs, such as registering kernels.
 * @param version As the report shows it.
 */
export function webgpuProgram(extend: () => void | Promise<void>, version: string): PeerProgram {
  return {
    async start() {
      Object.assign(globalThis, globals);
      Object.defineProperty(globalThis, 'navigator', { value: { gpu: create([]) }, configurable: true });
      // It registers itself where it finds a GPU at that moment.
      await import('@tensorflow/tfjs-backend-webgpu');
      // Without that, tensors of a few numbers are computed in JavaScript.
      env().set('WEBGPU_CPU_FORWARD', false);
      if (!(await setBackend('webgpu'))) throw new Absent('finds no GPU: Dawn wants a Vulkan driver');
      await ready();
      await extend();
      return `${version}, ${await adapterName()}`;
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

async function adapterName(): Promise<string> {
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  return adapter?.info.description || adapter?.info.device || 'unnamed GPU';
}
