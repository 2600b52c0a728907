import { type SpecNode, scoped } from '@sshn/core';
import type { NetworkConfig } from './config/network-config.js';
import { planOf } from './config/plan.js';
import { convolutions, type StageSpecs } from './parts/convolutions.js';
import { decode } from './parts/decode.js';
import { downsampling } from './parts/downsampling.js';
import { encode } from './parts/encode.js';
import { type HeadSpecs, heads, withHeads } from './parts/heads.js';
import { type SegmentationNetwork, segmentationNetwork } from './segmentation-network.js';

/** Options of a U-Net. */
export type UNetConfig<Film extends boolean = boolean> = NetworkConfig<Film>;

/** Parameters of a U-Net: `encoder.0.0.kernel` is the first kernel at full resolution. */
export type UNetSpecs<Film extends boolean = boolean> = HeadSpecs & {
  readonly encoder: ReadonlyArray<StageSpecs<Film>>;
  readonly down: readonly SpecNode[];
  /** As the encoder, `decoder.0` is at full resolution. */
  readonly decoder: ReadonlyArray<StageSpecs<Film>>;
};

/**
 * The U-Net of the paper: an encoder that shrinks features by the rescaling factor before every stage but the first, a
 * decoder that brings them back to the size of the skip connection it joins, and a 1×1 convolution to the labels.
 *
 * Input `[batch, height, width, inChannels]` (rank 3: `[batch, depth, height, width, inChannels]`) of any size ≥ 1, output
 * logits of the same size with `outChannels`. No activation at the end. The rescaling has one factor, or one for each of
 * the `stages - 1` downsampling steps, each in [0, 1].
 *
 * @throws {ValueError} if an option is out of bounds or contradicts another; from `apply`, if the rescaling has another
 * number of factors.
 * @throws {OptionError} for an unknown option or word.
 * @throws {ShapeError} from `apply`, if the image's rank or channels do not fit.
 * @example
 * const network = unet({ inChannels: 3, outChannels: 3 });
 * const params = initialize(network.specs, Rng.fromSeed(1));
 * const logits = network.apply(params, image, rescaling(0.25));   // [1, 128, 96, 3] -> [1, 128, 96, 3]
 *
 * *Source*: the paper, sections 4.4 and A.1; Ronneberger et al., "U-Net" (2015).
 */
export function unet<const Film extends boolean = false>(
  config: UNetConfig<Film>,
): SegmentationNetwork<UNetSpecs<Film>>;
export function unet(config: UNetConfig): SegmentationNetwork<UNetSpecs> {
  const plan = planOf('unet', config, { checks: {} });
  const { inChannels, widths } = plan;

  const { modules, specs } = scoped({
    encoder: widths.map((width, level) => convolutions(plan, widths[level - 1] ?? inChannels, width)),
    down: downsampling(plan),
    decoder: widths
      .slice(1)
      .map((below, level) => convolutions(plan, below + widths[level]!, widths[level]!)),
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
