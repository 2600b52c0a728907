import '@tensorflow/tfjs-backend-cpu';
import { type Module, paramTree, setting } from '@sshn/core';
import { exportOnnx } from '@sshn/onnx';
import { dispose } from '@tensorflow/tfjs-core';
import { uploadAll } from '../peers/tfjs/tensors.js';
import type { Job } from './job.js';
import { architectureOf, moduleOf } from './networks.js';
import type { Tensors } from './work.js';

/** The network of a job of inference as `sshn export` would write it, input `image`, output `logits`: the same graph for all who read ONNX. */
export async function onnxModelOf(job: Job, inputs: Tensors): Promise<Uint8Array | undefined> {
  if (job.kind !== 'inference' && job.kind !== 'architecture') return undefined;
  const network = job.kind === 'inference' ? (moduleOf(job.network) as Module) : architectureOf(job);
  const [size, channels] =
    job.kind === 'inference' ? [job.network.sizes[0]!, job.network.inChannels] : [job.size, job.inChannels];
  const tensors = uploadAll(new Map([...inputs].filter(([name]) => name !== 'image')));
  try {
    const params = paramTree(network.specs, tensors);
    return await exportOnnx({ network, params, at: setting(job.factor), size, channels });
  } finally {
    dispose([...tensors.values()]);
  }
}
