import { paramTree, setting } from '@sshn/core';
import { crossEntropy } from '@sshn/losses';
import { valueAndGradients } from '@sshn/ops';
import { dispose } from '@tensorflow/tfjs-core';
import type { TrainingJob } from '../../work/job.js';
import { hypernetizedOf } from '../../work/networks.js';
import type { Tensors } from '../../work/work.js';
import type { Prepared } from '../program.js';
import { uploadAll } from '../tfjs/tensors.js';
import { steps } from './steps.js';

/** A step on a batch that lies in memory. */
export function prepareTraining({ network, method, factor }: TrainingJob, inputs: Tensors): Prepared {
  const model = hypernetizedOf(network, method);
  const { images, labels, ...weights } = Object.fromEntries(uploadAll(inputs));
  const training = steps(paramTree(model.specs, new Map(Object.entries(weights))), (params) =>
    valueAndGradients(params, (at) => crossEntropy(model.apply(at, images!, setting(factor)), labels!)),
  );
  return {
    ...training,
    release() {
      training.release();
      dispose([images!, labels!]);
    },
  };
}
