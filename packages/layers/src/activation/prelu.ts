import { type Module, type ParamSpec, requireIntegers, ShapeError } from '@sshn/core';
import { channelSum } from '@sshn/ops';
import {
  add,
  customGrad,
  type GradSaveFunc,
  greater,
  minimum,
  mul,
  relu,
  type Tensor,
  tidy,
  where,
} from '@tensorflow/tfjs-core';

/** Parameters of a PReLU. */
export type PreluSpecs = {
  readonly slope: ParamSpec;
};

/**
 * LeakyReLU with a learned slope per channel: y = max(x, 0) + slope · min(x, 0).
 *
 * Input and output `[batch, ...spatial, channels]`, of any rank. The slopes start at 0.25.
 *
 * @throws {ValueError} if `channels` is not a positive integer.
 * @throws {ShapeError} from `apply`, if the last axis of the input is not `channels`.
 * @example
 * const y = prelu({ channels: 2 }).apply({ slope: tensor1d([0.1, 0.5]) }, x, rescaling(0.5));
 *
 * *Source*: He et al., "Delving deep into rectifiers" (2015), section 2.1.
 */
export function prelu({ channels }: { readonly channels: number }): Module<PreluSpecs, Tensor, Tensor> {
  requireIntegers('prelu', { channels });
  return {
    specs: {
      slope: {
        kind: 'param',
        role: 'scale',
        axes: ['channels'],
        shape: [channels],
        fanIn: 1,
        init: { kind: 'constant', value: 0.25 },
      },
    },
    apply({ slope }, x) {
      if (x.shape.at(-1) !== channels)
        throw new ShapeError({ where: 'prelu', got: x.shape, expected: `[..., ${channels}]` });
      return applyPrelu(x, slope);
    },
  };
}

/** Composed, as tfjs's own kernel keeps a packed copy of the slopes on wasm, which an optimizer may write over. */
function applyPrelu(x: Tensor, slope: Tensor): Tensor {
  const op = customGrad((...args: Array<Tensor | GradSaveFunc>) => {
    const [input, slopes, save] = args as [Tensor, Tensor, GradSaveFunc];
    const y = tidy(() => add(relu(input), mul(minimum(input, 0), slopes)));
    save([input, slopes]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const [savedInput, savedSlopes] = saved as [Tensor, Tensor];
      const dx = tidy(() => where(greater(savedInput, 0), dy, mul(dy, savedSlopes)));
      const dSlope = tidy(() => channelSum(mul(dy, minimum(savedInput, 0))));
      return [dx, dSlope];
    };
    return { value: y, gradFunc };
  });
  return op(x, slope);
}
