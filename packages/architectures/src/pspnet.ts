import { type Module, type SpecNode, scoped } from '@sshn/core';
import { type PyramidPoolingSpecs, pyramidPooling, sequential } from '@sshn/layers';
import type { Tensor } from '@tensorflow/tfjs-core';
import { count, list } from './config/checks.js';
import type { NetworkConfig } from './config/network-config.js';
import { type Plan, planOf } from './config/plan.js';
import { convolutions, type StageSpecs } from './parts/convolutions.js';
import { decode } from './parts/decode.js';
import { downsampling } from './parts/downsampling.js';
import { encode } from './parts/encode.js';
import { type HeadSpecs, heads, withHeads } from './parts/heads.js';
import { type SegmentationNetwork, segmentationNetwork } from './segmentation-network.js';

/** Options of a pyramid scene parsing network. */
export interface PSPNetConfig<Film extends boolean = boolean> extends NetworkConfig<Film> {
  /** Windows along every axis that features are averaged over, one level of each pyramid. @default [1, 2, 3, 6] */
  readonly bins?: readonly number[];
}

/** Parameters of a stage of the decoder: of the levels of its pyramid, and of the convolutions behind it. */
export type PooledStageSpecs<Film extends boolean = boolean> = {
  readonly pyramid: PyramidPoolingSpecs;
  readonly convolutions: StageSpecs<Film>;
};

/** Parameters of a pyramid scene parsing network: `decoder.0.pyramid.levels.0.kernel` sees averages of the image. */
export type PSPNetSpecs<Film extends boolean = boolean> = HeadSpecs & {
  readonly encoder: ReadonlyArray<StageSpecs<Film>>;
  readonly down: readonly SpecNode[];
  readonly decoder: ReadonlyArray<PooledStageSpecs<Film>>;
};

/**
 * The pyramid scene parsing network of the paper's ablation: the encoder, with its variable resizing, is that of the U-Net;
 * every stage of the decoder begins with pyramid pooling, which puts averages over windows of several sizes, the whole
 * image among them, beside the features that come from below and over the skip connection.
 *
 * Shapes and rescaling are those of `unet`. The levels of a pyramid have as many features together as its stage (one each
 * at least), each behind a 1×1 convolution with LeakyReLU, whatever follows the other convolutions.
 *
 * @throws what `unet` throws.
 * @example
 * const network = pspnet({ inChannels: 1, outChannels: 4, features: [16, 32, 64] });
 * const params = initialize(network.specs, Rng.fromSeed(1));
 * const logits = network.apply(params, image, rescaling(0.25));   // [1, 128, 96, 1] -> [1, 128, 96, 4]
 *
 * *Source*: the paper, section C.1 ("dynamic resizing operations in the encoder part … multi resolution PSP blocks in the
 * decoder part"); Zhao et al., "Pyramid scene parsing network" (2017). That the decoder keeps the skip connections of the
 * U-Net is our reading.
 */
export function pspnet<const Film extends boolean = false>(
  config: PSPNetConfig<Film>,
): SegmentationNetwork<PSPNetSpecs<Film>>;
export function pspnet(config: PSPNetConfig): SegmentationNetwork<PSPNetSpecs> {
  const plan = planOf('pspnet', config, { checks: { bins: list(count(64), { from: 1, to: 16 }) } });
  const { inChannels, widths } = plan;
  const pooled = pooledStage(plan, config);

  const { modules, specs } = scoped({
    encoder: widths.map((width, level) => convolutions(plan, widths[level - 1] ?? inChannels, width)),
    down: downsampling(plan),
    decoder: widths.slice(1).map((below, level) => pooled(below + widths[level]!, widths[level]!)),
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

type Stage = Module<PooledStageSpecs, Tensor, Tensor>;

/** Makes stages of the decoder: pyramid pooling, and the convolutions of one resolution. */
function pooledStage(
  plan: Plan,
  { bins = [1, 2, 3, 6], slope }: PSPNetConfig,
): (inChannels: number, outChannels: number) => Stage {
  return (inChannels, outChannels) => {
    const pyramid = pyramidPooling({
      rank: plan.rank,
      inChannels,
      bins,
      outChannelsPerBin: Math.max(1, Math.floor(outChannels / bins.length)),
      activation: 'leakyRelu',
      ...(slope === undefined ? {} : { slope }),
    });
    return sequential({ pyramid, convolutions: convolutions(plan, pyramid.outChannels, outChannels) });
  };
}
