import { type Module, type SpecNode, scoped } from '@sshn/core';
import {
  type SqueezeExcitationKind,
  type SqueezeExcitationSpecs,
  sequential,
  squeezeExcitation,
} from '@sshn/layers';
import type { Tensor } from '@tensorflow/tfjs-core';
import { number, word } from './config/checks.js';
import type { NetworkConfig } from './config/network-config.js';
import { type Plan, planOf } from './config/plan.js';
import { convolutions, type StageSpecs } from './parts/convolutions.js';
import { decode } from './parts/decode.js';
import { downsampling } from './parts/downsampling.js';
import { encode } from './parts/encode.js';
import { type HeadSpecs, heads, withHeads } from './parts/heads.js';
import { type SegmentationNetwork, segmentationNetwork } from './segmentation-network.js';

/** Options of a squeeze-excitation network. */
export interface SENetConfig<Film extends boolean = boolean> extends NetworkConfig<Film> {
  /** What is gated: channels, positions, or both. @default 'channel' */
  readonly excitation?: SqueezeExcitationKind;
  /** Hidden units of the gate per channel, in (0, 1]; not with 'spatial'. @default 0.125 */
  readonly ratio?: number;
}

/** Parameters of a stage and of the gate behind it. */
export type ExcitedStageSpecs<Film extends boolean = boolean> = {
  readonly convolutions: StageSpecs<Film>;
  readonly gate: SqueezeExcitationSpecs;
};

/** Parameters of a squeeze-excitation network: `encoder.0.convolutions.0.kernel` is the first kernel. */
export type SENetSpecs<Film extends boolean = boolean> = HeadSpecs & {
  readonly encoder: ReadonlyArray<ExcitedStageSpecs<Film>>;
  readonly down: readonly SpecNode[];
  readonly decoder: ReadonlyArray<ExcitedStageSpecs<Film>>;
};

/**
 * The squeeze-excitation network of the paper's ablation: a U-Net in whose every stage, in the encoder and the decoder, the
 * features are weighed by a gate that sees all of the image: the mean of every channel goes through two dense layers to
 * one number in (0, 1) per channel.
 *
 * Shapes and rescaling are those of `unet`. The weights of the gates are predicted with those of the convolutions.
 *
 * @throws what `unet` throws.
 * @example
 * const network = senet({ inChannels: 1, outChannels: 4, features: [16, 32, 64] });
 * const params = initialize(network.specs, Rng.fromSeed(1));
 * const logits = network.apply(params, image, rescaling(0.25));   // [1, 128, 96, 1] -> [1, 128, 96, 4]
 *
 * *Source*: the paper, section C.1 ("Squeeze-Excitation layers to both the encoder and the decoder stages"); Hu et al.,
 * "Squeeze-and-excitation networks" (2018); Roy et al., "Concurrent spatial and channel squeeze & excitation in fully
 * convolutional networks" (2018), who place the gates behind the stages of a U-Net as we do.
 */
export function senet<const Film extends boolean = false>(
  config: SENetConfig<Film>,
): SegmentationNetwork<SENetSpecs<Film>>;
export function senet(config: SENetConfig): SegmentationNetwork<SENetSpecs> {
  const plan = planOf('senet', config, {
    checks: { excitation: word(['channel', 'spatial', 'concurrent']), ratio: number(1e-6, 1) },
  });
  const { inChannels, widths } = plan;
  const stage = excitedStage(plan, config);

  const { modules, specs } = scoped({
    encoder: widths.map((width, level) => stage(widths[level - 1] ?? inChannels, width)),
    down: downsampling(plan),
    decoder: widths.slice(1).map((below, level) => stage(below + widths[level]!, widths[level]!)),
    ...heads(plan),
  });

  return segmentationNetwork(
    plan,
    specs,
    withHeads(modules, (params, image, at) => {
      const skips = encode(modules, params, image, at);
      return decode(modules, params, skips, at);
    }),
  );
}

type Stage = Module<ExcitedStageSpecs, Tensor, Tensor>;

/** Makes stages: the convolutions of one resolution, and the gate behind them. */
function excitedStage(
  plan: Plan,
  { excitation: kind = 'channel', ratio }: SENetConfig,
): (inChannels: number, outChannels: number) => Stage {
  const { rank } = plan;
  return (inChannels, outChannels) =>
    sequential({
      convolutions: convolutions(plan, inChannels, outChannels),
      gate: squeezeExcitation({
        rank,
        channels: outChannels,
        kind,
        ...(ratio === undefined ? {} : { ratio }),
      }),
    });
}
