import { architectureNames } from '@sshn/architectures';
import { Rng } from '@sshn/core';
import type { ArchitectureJob } from './job.js';
import { architectureOf } from './networks.js';
import { randomTensor, randomWeights } from './random.js';
import type { Work } from './work.js';

/** What every architecture is given: an image of 256², 32 features, two labels. */
const common = { size: [256, 256], inChannels: 1, outChannels: 2, features: 32 } as const;

/** One image through each of our architectures. */
export const architectures: readonly Work[] = architectureNames.flatMap((architecture) =>
  [0.1, 0.25, 0.5].map((factor) =>
    architectureWork(`architecture-${architecture}-${factor}`, `${architecture}, 256², φ = ${factor}`, {
      kind: 'architecture',
      architecture,
      ...common,
      factor,
    }),
  ),
);

/** An image through an architecture. */
export function architectureWork(name: string, title: string, job: ArchitectureJob): Work {
  return {
    name,
    title,
    job,
    inputs: () => {
      const rng = Rng.fromSeed(1);
      const image = randomTensor([1, ...job.size, job.inChannels], rng.split('image'));
      return new Map([...randomWeights(architectureOf(job).specs, rng), ['image', image]]);
    },
  };
}
