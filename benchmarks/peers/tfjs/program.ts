import { dispose, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { InferenceJob, Job } from '../../work/job.js';
import type { Tensors } from '../../work/work.js';
import { type Prepared, Unsupported } from '../program.js';
import { prepareConvolution } from './convolution.js';
import { plainUnet } from './plain-unet.js';
import { downloadAll, read, uploadAll } from './tensors.js';
import { prepareWeights } from './weights.js';

/** A job on the current backend, as one would write it with tfjs alone. */
export function prepareStock(job: Job, inputs: Tensors): Prepared {
  switch (job.kind) {
    case 'convolution':
      return prepareConvolution(job, inputs);
    case 'inference':
      return prepareInference(job, inputs);
    case 'weights':
      return prepareWeights(job, inputs);
    case 'training':
    case 'registration':
      throw new Unsupported('cannot train: it has no kernel Conv2DBackpropFilter');
    case 'trace':
      throw new Unsupported('has no trace');
    case 'architecture':
      throw new Unsupported('is compared on the U-Net only');
  }
}

function prepareInference({ network }: InferenceJob, inputs: Tensors): Prepared {
  const tensors = uploadAll(inputs);
  const infer = (): Tensor => tidy(() => plainUnet(network, tensors, tensors.get('image')!));
  return {
    outputs: () => downloadAll([['logits', infer()]]),
    run: () => read(infer()),
    release: () => dispose([...tensors.values()]),
  };
}
