import { type ActivationKind, activationKinds } from '@sshn/layers';
import { type BlockConfig, normalizations } from './block.js';
import { type Checks, count, counts, flag, number, word } from './checks.js';

/** What may bring features to the size of the next stage. */
export const downsamplings = ['linear', 'max', 'average', 'strided'] as const;

/** One of them. */
export type Downsampling = (typeof downsamplings)[number];

/** What all architectures have in common. */
export interface NetworkConfig {
  /** Spatial dimensions: 2 for images, 3 for volumes. @default 2 */
  readonly rank?: 2 | 3;
  /** Channels of the input image. */
  readonly inChannels: number;
  /** Channels of the output: one per label, the background included. */
  readonly outChannels: number;
  /**
   * Features of every convolution: one number for all stages, or one per stage from full resolution down,
   * at least 2. @default 32
   */
  readonly features?: number | readonly number[];
  /** Encoder stages, at least 2, where `features` is one number; a decoder has one less. @default 5 */
  readonly stages?: number;
  /** @default 2 */
  readonly convolutionsPerStage?: number;
  /** Odd edge length of the kernels in pixels: one for all axes, or one per axis (depth first). @default 3 */
  readonly kernelSize?: number | readonly number[];
  /**
   * Of the features behind every convolution, image by image: in groups of channels (8 of them, or fewer that divide the
   * channels), or channel by channel, which leaves nothing of features of one pixel. The paper uses none. @default 'none'
   */
  readonly normalization?: BlockConfig['normalization'];
  /** What follows every convolution of a stage. @default 'leakyRelu' */
  readonly activation?: ActivationKind;
  /** Slope of the LeakyReLU for negative values, in [0, 1]; of no other activation. @default 0.01 */
  readonly slope?: number;
  /** Share of the channels that a step of training drops behind every convolution of a stage, in [0, 1). @default 0 */
  readonly dropout?: number;
  /**
   * What shrinks features between two stages: linear resizing as in the paper, the greatest or mean value of every window,
   * or a strided convolution, which has weights and no activation. @default 'linear'
   */
  readonly downsampling?: Downsampling;
  /** Modulates every convolution of a stage by FiLM. @default false */
  readonly film?: boolean;
  /**
   * Trains predictions at every resolution, with a 1×1 convolution at each: the network gets `outputs`.
   * @default false; of the FPN true
   */
  readonly deepSupervision?: boolean;
}

/** Bounds that no network of today comes near, so that data from a file cannot ask for more than there is. */
export const limits = {
  channels: 65_536,
  features: 16_384,
  stages: 16,
  convolutionsPerStage: 64,
  kernelSize: 63,
  /** Of a whole network: a gibibyte of weights. */
  parameters: 2 ** 28,
} as const;

/** The checks of the common options. */
export const commonChecks: Checks<NetworkConfig> = {
  rank: count(3, 2),
  inChannels: count(limits.channels),
  outChannels: count(limits.channels),
  features: counts(limits.features, { from: 2, to: limits.stages }),
  stages: count(limits.stages, 2),
  convolutionsPerStage: count(limits.convolutionsPerStage),
  kernelSize: counts(limits.kernelSize, { from: 2, to: 3 }),
  normalization: word(normalizations),
  activation: word(activationKinds),
  slope: number(0, 1),
  dropout: number(0, 1, 'excluded'),
  downsampling: word(downsamplings),
  film: flag,
  deepSupervision: flag,
};
