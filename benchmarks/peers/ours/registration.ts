import { paramTree, setting } from '@sshn/core';
import { valueAndGradients } from '@sshn/ops';
import { pairImages, registrationLoss } from '@sshn/registration';
import { dispose } from '@tensorflow/tfjs-core';
import type { RegistrationJob } from '../../work/job.js';
import { registrationNetworkOf } from '../../work/networks.js';
import type { Tensors } from '../../work/work.js';
import type { Prepared } from '../program.js';
import { uploadAll } from '../tfjs/tensors.js';
import { steps } from './steps.js';

/** A step on one pair of volumes that lies in memory. */
export function prepareRegistration(job: RegistrationJob, inputs: Tensors): Prepared {
  const { factor, window, weight, integrationSteps } = job;
  const network = registrationNetworkOf(job);
  const { moving, fixed, ...weights } = Object.fromEntries(uploadAll(inputs));
  const pair = pairImages(moving!, fixed!);
  const objective = {
    similarity: 'localNcc',
    window,
    regularizer: 'diffusion',
    weight,
    integrationSteps,
  } as const;
  const training = steps(paramTree(network.specs, new Map(Object.entries(weights))), (params) =>
    valueAndGradients(params, (at) =>
      registrationLoss(network.apply(at, pair, setting(factor)), moving!, fixed!, objective),
    ),
  );
  return {
    ...training,
    release() {
      training.release();
      dispose([moving!, fixed!, pair]);
    },
  };
}
