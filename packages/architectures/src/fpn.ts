import {
  type GivenOptions,
  type Network,
  option,
  type ParamsOf,
  type Setting,
  type SpecNode,
  scoped,
} from '@sshn/core';
import type { ConvolutionSpecs } from '@sshn/layers';
import { add, addN, div, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { BlockSpecs } from './block.js';
import { convolutions, downsampling, encode, head, network, upsampleTo } from './encoder-decoder.js';
import { limits, type NetworkConfig } from './options.js';
import { planOf } from './plan.js';

/** What only this architecture has. */
export const fpnOptions = {
  pyramidFeatures: /* @__PURE__ */ option.integer({
    least: 1,
    most: limits.features,
    optional: true,
    usually: 'those of the first stage',
    help: 'Of fpn: features of every level of the pyramid',
  }),
};

/** Options of a feature pyramid network. */
export interface FpnConfig extends NetworkConfig, GivenOptions<typeof fpnOptions> {}

/** Parameters of a feature pyramid network; level 0 of each list is at full resolution. */
export type FpnSpecs = {
  readonly encoder: ReadonlyArray<readonly BlockSpecs[]>;
  readonly down: readonly SpecNode[];
  readonly lateral: readonly BlockSpecs[];
  readonly smooth: readonly BlockSpecs[];
  readonly heads: readonly ConvolutionSpecs[];
};

/**
 * The feature pyramid network of the paper's ablation. Bottom-up, an encoder as that of the U-Net. Top-down, a pyramid with
 * the same number of features at every resolution: each level is the 1×1 lateral convolution of the encoder's features plus
 * the level below it, resized to its size; then a convolution smooths it. Every level predicts the labels by a 1×1
 * convolution, and the output is the mean of all predictions, resized to the image.
 *
 * Shapes and settings are those of `unet`. With deep supervision, the default, `outputs` gives the mean and then the
 * prediction of each level at its own resolution, the finest first.
 *
 * @throws what `unet` throws.
 * @example
 * const network = fpn({ inChannels: 1, outChannels: 4, features: [16, 32, 64] });
 * const params = initialize(network.specs, Rng.fromSeed(1));
 * const logits = network.apply(params, image, setting(0.5));              // [1, 64, 96, 1] -> [1, 64, 96, 4]
 * const all = network.outputs?.apply(params, image, setting(0.5));        // heights 64, 64, 32, 16
 *
 * *Source*: the paper, section C.1 ("performing predictions at multiple resolutions during training"); Lin et al., "Feature
 * pyramid networks for object detection" (2017); Kirillov et al., "Panoptic feature pyramid networks" (2019), who merge
 * by a sum.
 */
export function fpn(config: FpnConfig): Network<FpnSpecs> {
  const plan = planOf('fpn', config, { make: fpn, options: fpnOptions, deepSupervision: true });
  const { inChannels, widths, block } = plan;
  const { pyramidFeatures = widths[0]! } = config;

  const stage = convolutions(plan);
  const { modules, specs } = scoped({
    encoder: widths.map((width, level) => stage(widths[level - 1] ?? inChannels, width)),
    down: downsampling(plan),
    lateral: widths.map((width) =>
      block(width, pyramidFeatures, { kernelSize: 1, activation: 'identity', dropout: 0 }),
    ),
    smooth: widths.map(() => block(pyramidFeatures, pyramidFeatures)),
    heads: widths.map(() => head(plan, pyramidFeatures)),
  });

  const predictions = (params: ParamsOf<FpnSpecs>, image: Tensor, at: Setting): Tensor[] => {
    const features = encode(modules, params, image, at);
    const levels: Tensor[] = [];
    for (const [level, x] of [...features.entries()].reverse()) {
      const lateral = modules.lateral[level]!.apply(params.lateral[level]!, x, at);
      const below = levels[level + 1];
      levels[level] = below === undefined ? lateral : add(lateral, upsampleTo(lateral, below, at));
    }
    return levels.map((x, level) =>
      tidy(() => {
        const smoothed = modules.smooth[level]!.apply(params.smooth[level]!, x, at);
        return modules.heads[level]!.apply(params.heads[level]!, smoothed, at);
      }),
    );
  };
  const merged = (parts: Tensor[], image: Tensor, at: Setting): Tensor =>
    div(addN(parts.map((part) => upsampleTo(image, part, at))), parts.length);

  return network<FpnSpecs>(plan, specs, {
    predict: (params, image, at) => merged(predictions(params, image, at), image, at),
    predictAll(params, image, at) {
      const parts = predictions(params, image, at);
      return [merged(parts, image, at), ...parts];
    },
  });
}
