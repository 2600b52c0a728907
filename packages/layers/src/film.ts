import { type Module, type ParamSpec, requireIntegers, ShapeError, zeros } from '@sshn/core';
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
 * FiLM method a hypernetwork predicts them from the rescaling factor. Behind a convolution, `modulatedConvolution` does
 * the same at less cost.
 *
 * @throws {ValueError} if `channels` is not a positive integer.
 * @throws {ShapeError} from `apply`, if the last axis of the input is not `channels`.
 * @example
 * const y = film({ channels: 2 }).apply({ gamma: tensor1d([1, 0]), beta: tensor1d([0, 3]) }, x, setting(0.5));
 *
 * *Source*: Perez et al., "FiLM: Visual reasoning with a general conditioning layer" (2018); the paper, section 4.3. We
 * write 1 + γ where Perez et al. write γ.
 */
export function film({ channels }: { readonly channels: number }): Module<FilmSpecs, Tensor, Tensor> {
  return {
    specs: filmSpecs(channels),
    apply({ gamma, beta }, x) {
      if (x.shape.at(-1) !== channels)
        throw new ShapeError({ where: 'film', got: x.shape, expected: `[..., ${channels}]` });
      return tidy(() => add(mul(x, add(gamma, 1)), beta));
    },
  };
}

/** γ and β of so many channels. */
export function filmSpecs(channels: number): FilmSpecs {
  requireIntegers('film', { channels });
  const spec = (role: 'scale' | 'shift'): ParamSpec => {
    return { kind: 'param', role, axes: ['channels'], shape: [channels], fanIn: 1, init: zeros };
  };
  return { gamma: spec('scale'), beta: spec('shift') };
}
