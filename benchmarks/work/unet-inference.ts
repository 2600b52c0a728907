import { Rng } from '@sshn/core';
import type { InferenceJob } from './job.js';
import { moduleOf, networkFor } from './networks.js';
import { randomTensor, randomWeights } from './random.js';
import type { Work } from './work.js';

/** The U-Net of the paper, one image, at factors from all pooled to one pixel up to halving. */
export const unetInference: readonly Work[] = [0, 0.1, 0.25, 0.5].map((factor) =>
  inferenceWork(
    `unet-inference-${factor}`,
    `U-Net inference, 256², φ = ${factor}`,
    [256, 256],
    { inChannels: 1, outChannels: 25, features: 32 },
    factor,
  ),
);

/** Images through a U-Net, one unless said. */
export function inferenceWork(
  name: string,
  title: string,
  size: readonly number[],
  channels: { readonly inChannels: number; readonly outChannels: number; readonly features: number },
  factor: number,
  batch = 1,
): Work {
  const job: InferenceJob = { kind: 'inference', network: networkFor(size, factor, channels), factor };
  return {
    name,
    title,
    job,
    inputs: () => {
      const rng = Rng.fromSeed(1);
      const image = randomTensor([batch, ...size, channels.inChannels], rng.split('image'));
      return new Map([...randomWeights(moduleOf(job.network).specs, rng), ['image', image]]);
    },
  };
}
