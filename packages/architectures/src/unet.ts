import type { Network } from '@sshn/core';
import type { BlockSpecs } from './block.js';
import { convolutions, type EncoderDecoderSpecs, encoderDecoder } from './encoder-decoder.js';
import type { NetworkConfig } from './options.js';
import { planOf } from './plan.js';

/** Options of a U-Net. */
export type UNetConfig = NetworkConfig;

/** Parameters of a U-Net: `encoder.0.0.kernel` is the first kernel at full resolution. */
export type UNetSpecs = EncoderDecoderSpecs<readonly BlockSpecs[]>;

/**
 * The U-Net of the paper: an encoder that shrinks features by the rescaling factor before every stage but the first, a
 * decoder that brings them back to the size of the skip connection it joins, and a 1×1 convolution to the labels.
 * `encoderDecoder` draws it; its stages are convolutions, two by default.
 *
 * Input `[batch, height, width, inChannels]` (rank 3: `[batch, depth, height, width, inChannels]`) of any size ≥ 1, output
 * logits of the same size with `outChannels`. No activation at the end. The setting has one factor, or one for each of
 * the `stages - 1` downsampling steps, each in [0, 1].
 *
 * @throws {ValueError} if an option is out of bounds or contradicts another; from `apply`, if the setting has another
 * number of factors.
 * @throws {OptionError} for an unknown option or word.
 * @throws {ShapeError} from `apply`, if the image's rank or channels do not fit.
 * @example
 * const network = unet({ inChannels: 3, outChannels: 3 });
 * const params = initialize(network.specs, Rng.fromSeed(1));
 * const logits = network.apply(params, image, setting(0.25));   // [1, 128, 96, 3] -> [1, 128, 96, 3]
 *
 * *Source*: the paper, sections 4.4 and A.1; Ronneberger et al., "U-Net" (2015).
 */
export function unet(config: UNetConfig): Network<UNetSpecs> {
  const plan = planOf('unet', config, { make: unet });
  return encoderDecoder(plan, convolutions(plan), convolutions(plan, { freesInput: true }), {
    readsJoined: true,
  });
}
