import { Rng } from '@sshn/core';
import type { TrainingJob } from './job.js';
import { hypernetizedOf, networkFor } from './networks.js';
import { randomLabels, randomTensor, randomWeights } from './random.js';
import type { Work } from './work.js';

const SIZE = [128, 128];
const BATCH = 4;
const LABELS = 3;

/** A step of training: forward, cross-entropy, backward, Adam. */
export const trainingStep: readonly Work[] = (['fixed', 'sshn'] as const).flatMap((method) =>
  [0.1, 0.25, 0.5].map((factor) => {
    const network = networkFor(SIZE, factor, { inChannels: 3, outChannels: LABELS, features: 32 });
    const job: TrainingJob = { kind: 'training', method, network, batch: BATCH, factor };
    const words = method === 'sshn' ? 'SSHN' : 'Fixed';
    return trainingWork(`train-${method}-${factor}`, `${words} training step, 4 × 128², φ = ${factor}`, job);
  }),
);

/** One training step on random images and labels. */
export function trainingWork(name: string, title: string, job: TrainingJob): Work {
  const { network, batch, method } = job;
  const { sizes, inChannels, outChannels } = network;
  return {
    name,
    title,
    job,
    inputs: () => {
      const rng = Rng.fromSeed(1);
      return new Map([
        ...randomWeights(hypernetizedOf(network, method).specs, rng),
        ['images', randomTensor([batch, ...sizes[0]!, inChannels], rng.split('images'))],
        ['labels', randomLabels([batch, ...sizes[0]!], outChannels, rng.split('labels'))],
      ]);
    },
  };
}
