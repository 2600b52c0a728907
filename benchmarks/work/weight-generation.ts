import { Rng } from '@sshn/core';
import type { WeightsJob } from './job.js';
import { hypernetizedOf, networkFor } from './networks.js';
import { randomWeights } from './random.js';
import type { Work } from './work.js';

const job: WeightsJob = {
  kind: 'weights',
  network: networkFor([256, 256], 0.25, { inChannels: 1, outChannels: 25, features: 32 }),
  factor: 0.25,
};

/** What has to be done once per factor: all weights of the U-Net from the hypernetwork. */
export const weightGeneration: readonly Work[] = [
  {
    name: 'weights',
    title: 'All weights of the U-Net from its hypernetwork',
    job,
    inputs: () => randomWeights(hypernetizedOf(job.network, 'sshn').specs, Rng.fromSeed(1)),
  },
];
