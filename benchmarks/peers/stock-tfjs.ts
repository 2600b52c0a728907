import { version_wasm } from '@tensorflow/tfjs-backend-wasm';
import { dispose, setBackend, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { InferenceJob } from '../work/job.js';
import type { Tensors } from '../work/work.js';
import { Absent, type PeerProgram, type Prepared, Unsupported } from './program.js';
import { serve } from './serve.js';
import { prepareConvolution } from './tfjs/convolution.js';
import { plainUnet } from './tfjs/plain-unet.js';
import { downloadAll, read, uploadAll } from './tfjs/tensors.js';
import { prepareWeights } from './tfjs/weights.js';

/** The wasm backend of tfjs as it comes, SIMD on one thread: in Node it has no more. */
const stockTfjs: PeerProgram = {
  async start(threads) {
    if (threads > 1) throw new Absent('has one thread in Node');
    await setBackend('wasm');
    return version_wasm;
  },

  prepare(job, inputs) {
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
  },
};

function prepareInference({ network }: InferenceJob, inputs: Tensors): Prepared {
  const tensors = uploadAll(inputs);
  const infer = (): Tensor => tidy(() => plainUnet(network, tensors, tensors.get('image')!));
  return {
    outputs: () => downloadAll([['logits', infer()]]),
    run: () => read(infer()),
    release: () => dispose([...tensors.values()]),
  };
}

await serve(stockTfjs);
