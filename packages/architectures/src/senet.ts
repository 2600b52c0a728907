import { type GivenOptions, type Network, option } from '@sshn/core';
import { type SqueezeExcitationSpecs, sequential, squeezeExcitation } from '@sshn/layers';
import type { BlockSpecs } from './block.js';
import { convolutions, type EncoderDecoderSpecs, encoderDecoder, type Stage } from './encoder-decoder.js';
import type { NetworkConfig } from './options.js';
import { type Plan, planOf } from './plan.js';

/** What only this architecture has. */
export const senetOptions = {
  excitation: /* @__PURE__ */ option.choice(['channel', 'spatial', 'concurrent'], {
    optional: true,
    usually: "'channel'",
    help: 'Of senet: what is gated, channels, positions, or both',
  }),
  ratio: /* @__PURE__ */ option.number({
    above: 0,
    most: 1,
    optional: true,
    usually: '0.125',
    help: "Of senet: hidden units of the gate per channel; not with 'spatial'",
  }),
};

/** Options of a squeeze-excitation network. */
export interface SENetConfig extends NetworkConfig, GivenOptions<typeof senetOptions> {}

/** Parameters of a stage and of the gate behind it. */
export type ExcitedStageSpecs = {
  readonly convolutions: readonly BlockSpecs[];
  readonly gate: SqueezeExcitationSpecs;
};

/** Parameters of a squeeze-excitation network: `encoder.0.convolutions.0.kernel` is the first kernel. */
export type SENetSpecs = EncoderDecoderSpecs<ExcitedStageSpecs>;

/**
 * The squeeze-excitation network of the paper's ablation: a U-Net in whose every stage, in the encoder and the decoder, the
 * features are weighed by a gate that sees all of the image: the mean of every channel goes through two dense layers to
 * one number in (0, 1) per channel.
 *
 * Shapes and settings are those of `unet`. The weights of the gates are predicted with those of the convolutions.
 *
 * @throws what `unet` throws.
 * @example
 * const network = senet({ inChannels: 1, outChannels: 4, features: [16, 32, 64] });
 * const params = initialize(network.specs, Rng.fromSeed(1));
 * const logits = network.apply(params, image, setting(0.25));   // [1, 128, 96, 1] -> [1, 128, 96, 4]
 *
 * *Source*: the paper, section C.1 ("Squeeze-Excitation layers to both the encoder and the decoder stages"); Hu et al.,
 * "Squeeze-and-excitation networks" (2018); Roy et al., "Concurrent spatial and channel squeeze & excitation in fully
 * convolutional networks" (2018), who place the gates behind the stages of a U-Net as we do.
 */
export function senet(config: SENetConfig): Network<SENetSpecs> {
  const plan = planOf('senet', config, { make: senet, options: senetOptions });
  return encoderDecoder(plan, excitedStage(plan, config), excitedStage(plan, config), { readsJoined: true });
}

/** The convolutions of one resolution, and the gate behind them. */
function excitedStage(
  plan: Plan,
  { excitation: kind = 'channel', ratio }: SENetConfig,
): Stage<ExcitedStageSpecs> {
  return (inChannels, outChannels) =>
    sequential({
      convolutions: convolutions(plan)(inChannels, outChannels),
      gate: squeezeExcitation({
        rank: plan.rank,
        channels: outChannels,
        kind,
        ...(ratio === undefined ? {} : { ratio }),
      }),
    });
}
