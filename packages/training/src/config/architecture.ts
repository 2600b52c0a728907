import { architectureNames, createNetwork, downsamplings, normalizations } from '@sshn/architectures';
import { type OptionFault, option, SshnError } from '@sshn/core';
import { activationKinds } from '@sshn/layers';

/**
 * A network architecture and its options: what every one has, and after `activation` what has a default of its own there,
 * or only some have. Types are checked here, the rest by the architecture itself, which knows what it takes.
 */
export const architectureOptions = option.record(
  {
    name: option.choice(architectureNames, { default: 'unet', help: 'Network architecture' }),
    features: option.oneOrList(option.integer({ least: 1, help: '' }), {
      default: 32,
      help: 'Features per convolution: one number, or one per stage',
    }),
    stages: option.integer({
      least: 1,
      optional: true,
      usually: '5',
      help: 'Encoder stages, where features is one number; the decoder has one less',
    }),
    convolutionsPerStage: option.integer({ least: 1, default: 2, help: 'Convolutions per stage' }),
    kernelSize: option.integer({ least: 1, default: 3, help: 'Odd kernel edge in pixels' }),
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
      help: 'Normalization behind every convolution',
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
      help: 'What shrinks features between stages',
    }),
    deepSupervision: option.flag({
      optional: true,
      usually: 'false; of fpn true',
      help: 'Trains predictions at every resolution',
    }),
    pyramidFeatures: option.integer({
      least: 1,
      optional: true,
      usually: 'those of the first stage',
      help: 'Of fpn: features of every level of the pyramid',
    }),
    bins: option.list(option.integer({ least: 1, help: '' }), {
      optional: true,
      usually: '[1,2,3,6]',
      help: 'Of pspnet: windows along every axis that features are averaged over',
    }),
    excitation: option.choice(['channel', 'spatial', 'concurrent'], {
      optional: true,
      usually: "'channel'",
      help: 'Of senet: what is gated',
    }),
    ratio: option.number({
      above: 0,
      most: 1,
      optional: true,
      usually: '0.125',
      help: 'Of senet: hidden units of the gate per channel',
    }),
  },
  {
    help: 'The network',
    check: ({ name, ...options }) =>
      faultOf(() => createNetwork(name, { ...options, inChannels: 1, outChannels: 2 })),
  },
);

/** What an owner of options says of them, as a fault of the whole record. */
export function faultOf(make: () => unknown): OptionFault[] {
  try {
    make();
    return [];
  } catch (error) {
    if (!(error instanceof SshnError)) throw error;
    return [{ path: [], message: error.message.replace(/\.$/, '') }];
  }
}
