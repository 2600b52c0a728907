import { type Module, type ParamSpec, requireIntegers, zeros } from '@sshn/core';
import { add, mul, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** Parameters of a FiLM layer. */
export type FilmSpecs = {
  readonly gamma: ParamSpec;
  readonly beta: ParamSpec;
};

/**
 * Feature-wise linear modulation: y = (1 + γ) · x + β, one γ and β per channel.
 *
 * Input and output `[batch, ...spatial, channels]`. γ and β start at 0, so the layer starts as the identity; with the
 * FiLM method a hypernetwork predicts them from the rescaling factor.
 *
 * @throws {ValueError} if `channels` is not a positive integer.
 *
 * *Source*: Perez et al., "FiLM: Visual reasoning with a general conditioning layer" (2018); the paper, section 4.3. We
 * write 1 + γ where Perez et al. write γ.
 */
export function film({ channels }: { readonly channels: number }): Module<FilmSpecs, Tensor, Tensor> {
  requireIntegers('film', { channels });
  const spec = (role: 'scale' | 'shift'): ParamSpec => {
    return { kind: 'param', role, axes: ['channels'], shape: [channels], fanIn: 1, init: zeros };
  };
  return {
    specs: { gamma: spec('scale'), beta: spec('shift') },
    apply: ({ gamma, beta }, x) => tidy(() => add(mul(x, add(gamma, 1)), beta)),
  };
}
