import { type ParamNode, type Rescaling, scoped } from '@sshn/core';
import { type Layer, upsample } from '@sshn/layers';
import { concat, dispose, type Tensor, tidy } from '@tensorflow/tfjs-core';

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
 * A skip connection is freed once it was read: of a volume's, at full resolution, there is room for few.
 *
 * @param skips Features of every resolution from `encode`; the coarsest stay, the others are taken over.
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
    const joined = tidy(() => concat([upsampleTo(skip, features[level + 1]!, at), skip], skip.rank - 1));
    dispose(skip);
    features[level] = stage.apply(params.decoder[level]!, joined, at);
    dispose(joined);
  }
  return features;
}
