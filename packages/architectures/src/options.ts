import { type GivenOptions, option } from '@sshn/core';
import { activationKinds } from '@sshn/layers';
import { normalizations } from './block.js';

/** What may bring features to the size of the next stage. */
export const downsamplings = ['linear', 'max', 'average', 'strided'] as const;

/** One of them. */
export type Downsampling = (typeof downsamplings)[number];

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

/** What may be chosen of every architecture. */
export const commonOptions = {
  features: option.oneOrList(option.integer({ least: 1, most: limits.features, help: '' }), {
    least: 2,
    most: limits.stages,
    default: 32,
    help: 'Features per convolution: one number, or one per stage from full resolution down',
  }),
  stages: option.integer({
    least: 2,
    most: limits.stages,
    optional: true,
    usually: '5',
    help: 'Encoder stages, where features is one number; the decoder has one less',
  }),
  convolutionsPerStage: option.integer({
    least: 1,
    most: limits.convolutionsPerStage,
    default: 2,
    help: 'Convolutions per stage',
  }),
  kernelSize: option.oneOrList(option.integer({ odd: true, least: 1, most: limits.kernelSize, help: '' }), {
    least: 2,
    most: 3,
    default: 3,
    help: 'Odd kernel edge in pixels: one for all axes, or one per axis (depth first)',
  }),
  activation: option.choice(activationKinds, {
    optional: true,
    usually: "'leakyRelu'",
    help: 'What follows every convolution',
  }),
  slope: option.number({
    least: 0,
    most: 1,
    optional: true,
    usually: '0.01',
    help: 'Slope of leakyRelu below 0',
  }),
  normalization: option.choice(normalizations, {
    optional: true,
    usually: "'none'",
    help: 'Normalization behind every convolution: in groups of channels, or channel by channel',
  }),
  dropout: option.number({
    least: 0,
    below: 1,
    optional: true,
    usually: '0',
    help: 'Share of the channels dropped in training, behind every convolution',
  }),
  downsampling: option.choice(downsamplings, {
    optional: true,
    usually: "'linear'",
    help: 'What shrinks features between stages; a strided convolution has weights',
  }),
  deepSupervision: option.flag({
    optional: true,
    usually: 'false; of fpn true',
    help: 'Trains predictions at every resolution',
  }),
};

/** What the images and the method decide. */
export const imageOptions = {
  rank: option.integer({
    least: 2,
    most: 3,
    default: 2,
    help: 'Spatial dimensions: 2 for images, 3 for volumes',
  }),
  inChannels: option.integer({ least: 1, most: limits.channels, help: 'Channels of the input image' }),
  outChannels: option.integer({
    least: 1,
    most: limits.channels,
    help: 'Channels of the output: one per label, the background included',
  }),
  film: option.flag({ default: false, help: 'Modulates every convolution of a stage by FiLM' }),
};

/** What all architectures have in common. */
export interface NetworkConfig extends GivenOptions<typeof commonOptions & typeof imageOptions> {
  readonly rank?: 2 | 3;
}
