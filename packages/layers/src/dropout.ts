import { currentScope, type Module, type NoSpecs, type Rng, requireOption, ValueError } from '@sshn/core';
import { differentiable } from '@sshn/ops';
import { mul, type Tensor, tensor } from '@tensorflow/tfjs-core';

/** Options of dropout. */
export interface DropoutConfig {
  /** Share of what is set to zero, in [0, 1). */
  readonly rate: number;
  /** What is dropped at once: single values, or whole channels of an image. @default 'element' */
  readonly kind?: 'element' | 'channel';
}

/**
 * Dropout: in a step of training a random share of the values is set to zero and the rest divided by 1 − rate, so that the
 * expected value stays; otherwise the identity.
 *
 * Input and output `[batch, ...spatial, channels]`. A call is in training when its `Setting` has an `rng`, as the
 * trainer's does; traces, evaluation and prediction see the identity. The mask hangs on the step's generator and the
 * layer's name: the same seed and step give the same mask. So name it, as containers do; two without a name would drop the
 * same.
 *
 * @throws {ValueError} if the rate is outside [0, 1).
 * @throws {OptionError} for an unknown kind.
 * @example
 * const stage = sequential({
 *   conv: convolution({ inChannels: 1, outChannels: 8 }),
 *   drop: dropout({ rate: 0.2, kind: 'channel' }),
 * });
 * stage.apply(params, x, setting({ factor: 0.5, rng: Rng.fromSeed(1) }));
 *
 * *Source*: Srivastava et al., "Dropout" (2014); Tompson et al., "Efficient object localization using convolutional networks"
 * (2015), for whole channels.
 */
export function dropout({ rate, kind = 'element' }: DropoutConfig): Module<NoSpecs, Tensor, Tensor> {
  if (!(rate >= 0 && rate < 1))
    throw new ValueError({ where: 'dropout: rate', got: rate, expected: 'a number in [0, 1)' });
  requireOption('kind', kind, ['element', 'channel']);
  return {
    specs: {},
    apply(_params, x, { rng: step }) {
      if (step === undefined || rate === 0) return x.clone();
      const last = x.rank - 1;
      const shape =
        kind === 'element' ? x.shape : x.shape.map((n, axis) => (axis === 0 || axis === last ? n : 1));
      const rng = step.split('dropout').split(currentScope());
      return differentiable([x], {
        forward(input) {
          const mask = drawMask(shape, rate, rng);
          return { value: mul(input, mask), saved: [mask] };
        },
        backward: (dy, mask) => [mul(dy, mask)],
      });
    },
  };
}

/** A factor per entry: 0 with probability `rate`, else 1 / (1 − rate). */
function drawMask(shape: readonly number[], rate: number, rng: Rng): Tensor {
  const values = new Float32Array(shape.reduce((product, n) => product * n, 1));
  const [threshold, kept] = [rate * 2 ** 32, 1 / (1 - rate)];
  for (let i = 0; i < values.length; i++) values[i] = rng.word() < threshold ? 0 : kept;
  return tensor(values, [...shape]);
}
