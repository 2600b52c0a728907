import type { ParamNode, Rescaling } from '@sshn/core';
import type { Layer } from '@sshn/layers';
import { type Tensor, tidy } from '@tensorflow/tfjs-core';

/** What an encoder is made of: one stage per resolution, and the steps down between them. */
export interface EncoderParts<Part> {
  readonly encoder: readonly Part[];
  readonly down: readonly Part[];
}

/** Runs the stages of an encoder. Returns the features of every resolution, the image's first. */
export function encode(
  modules: EncoderParts<Layer>,
  params: EncoderParts<ParamNode>,
  image: Tensor,
  at: Rescaling,
): Tensor[] {
  let x = image;
  return modules.encoder.map((stage, level) => {
    x = tidy(() => {
      const step = level - 1;
      const smaller = level === 0 ? x : modules.down[step]!.apply(params.down[step]!, x, at);
      return stage.apply(params.encoder[level]!, smaller, at);
    });
    return x;
  });
}
