import { architectureNames, createNetwork, downsamplings, normalizations } from '@sshn/architectures';
import { SshnError } from '@sshn/core';
import { activationKinds } from '@sshn/layers';
import { z } from 'zod';

const positiveInteger = z.int().min(1);

/**
 * A network architecture and its options: what every one has, and after `activation` what has a default of its own there,
 * or only some have. Types are checked here, the rest by the architecture itself, which knows what it takes.
 */
export const architectureConfigSchema = z
  .strictObject({
    name: z.enum(architectureNames).default('unet').describe('Network architecture'),
    features: z
      .union([positiveInteger, z.array(positiveInteger).min(1)])
      .default(32)
      .describe('Features per convolution: one number, or one per stage'),
    stages: positiveInteger
      .exactOptional()
      .describe('Encoder stages (5), where features is one number; the decoder has one less'),
    convolutionsPerStage: positiveInteger.default(2).describe('Convolutions per stage'),
    kernelSize: positiveInteger.default(3).describe('Odd kernel edge in pixels'),
    activation: z
      .enum(activationKinds)
      .exactOptional()
      .describe('What follows every convolution (leakyRelu)'),
    slope: z.number().min(0).max(1).exactOptional().describe('Slope of leakyRelu below 0 (0.01)'),
    normalization: z
      .enum(normalizations)
      .exactOptional()
      .describe('Normalization behind every convolution (none)'),
    dropout: z
      .number()
      .min(0)
      .lt(1)
      .exactOptional()
      .describe('Share of the channels dropped in training, behind every convolution (0)'),
    downsampling: z
      .enum(downsamplings)
      .exactOptional()
      .describe('What shrinks features between stages (linear)'),
    deepSupervision: z
      .boolean()
      .exactOptional()
      .describe('Trains predictions at every resolution (false; of fpn true)'),
    pyramidFeatures: positiveInteger
      .exactOptional()
      .describe('Of fpn: features of every level of the pyramid (those of the first stage)'),
    bins: z
      .array(positiveInteger)
      .min(1)
      .exactOptional()
      .describe('Of pspnet: windows along every axis that features are averaged over (1, 2, 3, 6)'),
    excitation: z
      .enum(['channel', 'spatial', 'concurrent'])
      .exactOptional()
      .describe('Of senet: what is gated (channel)'),
    ratio: z
      .number()
      .positive()
      .max(1)
      .exactOptional()
      .describe('Of senet: hidden units of the gate per channel (0.125)'),
  })
  .superRefine(({ name, ...options }, context) => {
    try {
      createNetwork(name, { ...options, inChannels: 1, outChannels: 2 });
    } catch (error) {
      if (!(error instanceof SshnError)) throw error;
      context.addIssue({ code: 'custom', message: error.message.replace(/\.$/, '') });
    }
  });
