import { namedParams, paramTree, rescaling, valueAndGradients } from '@sshn/core';
import { crossEntropy } from '@sshn/losses';
import { adam } from '@sshn/training';
import { dispose } from '@tensorflow/tfjs-core';
import type { TrainingJob } from '../../work/job.js';
import { hypernetizedOf } from '../../work/networks.js';
import type { Tensors } from '../../work/work.js';
import type { Prepared } from '../program.js';
import { downloadAll, uploadAll } from '../tfjs/tensors.js';

const LEARNING_RATE = 1e-4;

/** A step as the trainer of @sshn/training makes it, on a batch that lies in memory. */
export function prepareTraining({ network, method, factor }: TrainingJob, inputs: Tensors): Prepared {
  const model = hypernetizedOf(network, method);
  const optimizer = adam();
  const { images, labels, ...weights } = Object.fromEntries(uploadAll(inputs));
  let params = namedParams(model.specs, paramTree(model.specs, new Map(Object.entries(weights))));
  let state = optimizer.init(params);
  let step = 0;
  const differentiate = () =>
    valueAndGradients(model.specs, paramTree(model.specs, params), (at) =>
      crossEntropy(model.apply(at, images!, rescaling(factor)), labels!),
    );
  return {
    outputs() {
      const { value, gradients } = differentiate();
      return downloadAll([...gradients, ['loss', value]]);
    },
    async run() {
      const { value, gradients } = differentiate();
      await value.data();
      const next = optimizer.update(gradients, state, params, {
        step: step++,
        learningRate: LEARNING_RATE,
        overwrite: true,
      });
      dispose([value, ...gradients.values(), ...params.values(), ...state.values()]);
      ({ params, state } = next);
    },
    release: () => dispose([images!, labels!, ...params.values(), ...state.values()]),
  };
}
