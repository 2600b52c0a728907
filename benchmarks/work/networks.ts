import { createNetwork, unet } from '@sshn/architectures';
import { type Module, rescaledSize } from '@sshn/core';
import { hypernetize } from '@sshn/hypernet';
import { registrationNetwork } from '@sshn/registration';
import type { ArchitectureJob, Network, RegistrationJob } from './job.js';

const STAGES = 5;
const SLOPE = 0.01;

/** A U-Net of five stages, or so many, for images of one size, rescaled by one factor. */
export function networkFor(
  size: readonly number[],
  factor: number,
  channels: { readonly inChannels: number; readonly outChannels: number; readonly features: number },
  stages = STAGES,
): Network {
  const sizes = [size];
  while (sizes.length < stages) sizes.push(rescaledSize(sizes.at(-1)!, factor));
  return { rank: size.length === 2 ? 2 : 3, ...channels, slope: SLOPE, sizes };
}

/** The network of a job as our module. */
export function moduleOf({ rank, inChannels, outChannels, features, slope, sizes }: Network) {
  return unet({ rank, inChannels, outChannels, features, slope, stages: sizes.length });
}

/**
 * The same with a hypernetwork that predicts all of its weights, or with one that predicts none. It has the paper's widths, more work than
 * the default ones, and the form that the peer computes.
 */
export function hypernetizedOf(network: Network, method: 'fixed' | 'sshn') {
  return hypernetize(moduleOf(network), {
    predict: method === 'sshn' ? 'convolutions' : 'nothing',
    hidden: [10, 100],
    form: 'residual',
  });
}

/** The network of a job that aligns volumes. */
export function registrationNetworkOf({ network, resolution }: RegistrationJob) {
  return registrationNetwork({ backbone: moduleOf(network), resolution });
}

/** The network of a job on an architecture. */
export function architectureOf({ architecture, inChannels, outChannels, features }: ArchitectureJob): Module {
  return createNetwork(architecture, { inChannels, outChannels, features });
}
