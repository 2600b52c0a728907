import { type GivenOptions, type Network, option } from '@sshn/core';
import { type PyramidPoolingSpecs, pyramidPooling, sequential } from '@sshn/layers';
import type { BlockSpecs } from './block.js';
import {
  convolutions,
  type EncoderDecoderSpecs,
  encoderDecoder,
  ofParts,
  type Stage,
} from './encoder-decoder.js';
import type { NetworkConfig } from './options.js';
import { type Plan, planOf } from './plan.js';

/** What only this architecture has. */
export const pspnetOptions = {
  bins: /* @__PURE__ */ option.list(/* @__PURE__ */ option.integer({ least: 1, most: 64, help: '' }), {
    most: 16,
    optional: true,
    usually: '[1,2,3,6]',
    help: 'Of pspnet: windows along every axis that features are averaged over',
  }),
};

/** Options of a pyramid scene parsing network. */
export interface PSPNetConfig extends NetworkConfig, GivenOptions<typeof pspnetOptions> {}

/** Parameters of a stage of the decoder: of the levels of its pyramid, and of the convolutions behind it. */
export type PooledStageSpecs = {
  readonly pyramid: PyramidPoolingSpecs;
  readonly convolutions: readonly BlockSpecs[];
};

/** Parameters of a pyramid scene parsing network: `decoder.0.pyramid.levels.0.kernel` sees averages of the image. */
export type PSPNetSpecs = EncoderDecoderSpecs<readonly BlockSpecs[], PooledStageSpecs>;

/**
 * The pyramid scene parsing network of the paper's ablation: the encoder, with its variable resizing, is that of the U-Net;
 * every stage of the decoder begins with pyramid pooling, which puts averages over windows of several sizes, the whole
 * image among them, beside the features that come from below and over the skip connection.
 *
 * Shapes and settings are those of `unet`. The levels of a pyramid have as many features together as its stage (one each
 * at least), each behind a 1×1 convolution with LeakyReLU, whatever follows the other convolutions.
 *
 * @throws what `unet` throws.
 * @example
 * const network = pspnet({ inChannels: 1, outChannels: 4, features: [16, 32, 64] });
 * const params = initialize(network.specs, Rng.fromSeed(1));
 * const logits = network.apply(params, image, setting(0.25));   // [1, 128, 96, 1] -> [1, 128, 96, 4]
 *
 * *Source*: the paper, section C.1 ("dynamic resizing operations in the encoder part … multi resolution PSP blocks in the
 * decoder part"); Zhao et al., "Pyramid scene parsing network" (2017). That the decoder keeps the skip connections of the
 * U-Net is our reading.
 */
export function pspnet(config: PSPNetConfig): Network<PSPNetSpecs> {
  const plan = planOf('pspnet', config, { make: pspnet, options: pspnetOptions });
  return encoderDecoder(plan, convolutions(plan), pooledStage(plan, config));
}

/** A stage of the decoder: pyramid pooling, and the convolutions of one resolution. */
function pooledStage(plan: Plan, { bins = [1, 2, 3, 6], slope }: PSPNetConfig): Stage<PooledStageSpecs> {
  return (inChannels, outChannels) => {
    const pyramid = pyramidPooling({
      rank: plan.rank,
      inChannels,
      bins,
      outChannelsPerBin: Math.max(1, Math.floor(outChannels / bins.length)),
      activation: 'leakyRelu',
      ...(slope === undefined ? {} : { slope }),
    });
    const perBin = (pyramid.outChannels - inChannels) / bins.length;
    const behind = convolutions(plan)(pyramid.outChannels, outChannels);
    return sequential({ pyramid, convolutions: ofParts(behind, [inChannels, ...bins.map(() => perBin)]) });
  };
}
