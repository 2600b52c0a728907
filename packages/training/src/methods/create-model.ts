import { createNetwork } from '@sshn/architectures';
import type { SpecNode } from '@sshn/core';
import { type Hypernetized, hypernetize, type Predicted } from '@sshn/hypernet';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { RunConfig } from '../config/run-config.js';

/** What the data decide about a network. */
export interface ImageSpace {
  /** Spatial dimensions. */
  readonly rank: 2 | 3;
  readonly channels: number;
  /** Labels, the background included. */
  readonly labels: number;
}

/** A network from images to logits whose weights may depend on the rescaling. */
export type SegmentationModel = Hypernetized<SpecNode, Tensor, Tensor>;

/** What each method lets a hypernetwork predict; the paper, section 4.3. */
const predictedBy: Record<RunConfig['method'], Predicted> = {
  fixed: 'nothing',
  stochastic: 'nothing',
  film: 'film',
  sshn: 'convolutions',
};

/**
 * The network that a configuration describes, for images of a given kind.
 *
 * @throws {ValueError} if the options make no network.
 */
export function createModel(config: RunConfig, { rank, channels, labels }: ImageSpace): SegmentationModel {
  const { name, ...options } = config.architecture;
  const network = createNetwork(name, {
    ...options,
    rank,
    inChannels: channels,
    outChannels: labels,
    film: config.method === 'film',
  });
  return hypernetize(network, { predict: predictedBy[config.method], ...config.hypernetwork });
}
