import { type ParamNode, type Rescaling, scoped } from '@sshn/core';
import { type Layer, upsample } from '@sshn/layers';
import { concat, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** What a decoder is made of: one stage per resolution, the image's first, without the coarsest. */
export interface DecoderParts<Part> {
  readonly decoder: readonly Part[];
}

const { up } = scoped({ up: upsample() }).modules;

/** Brings features to the size of others by linear interpolation. */
export function upsampleTo(like: Tensor, x: Tensor, at: Rescaling): Tensor {
  return up.apply({}, { x, size: like.shape.slice(1, -1) }, at);
}

/**
 * Runs the stages of a decoder from the coarsest features up, each on what comes from below beside its skip connection.
 *
 * @param skips Features of every resolution from `encode`.
 * @returns As many, the image's resolution first; the coarsest are the encoder's.
 */
export function decode(
  modules: DecoderParts<Layer>,
  params: DecoderParts<ParamNode>,
  skips: readonly Tensor[],
  at: Rescaling,
): Tensor[] {
  const features = [...skips];
  for (const [level, stage] of [...modules.decoder.entries()].reverse()) {
    const skip = skips[level]!;
    features[level] = tidy(() => {
      const below = upsampleTo(skip, features[level + 1]!, at);
      return stage.apply(params.decoder[level]!, concat([below, skip], skip.rank - 1), at);
    });
  }
  return features;
}
