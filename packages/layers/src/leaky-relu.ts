import { dispatch, type Module } from '@sshn/core';
import {
  customGrad,
  greater,
  mul,
  type Tensor,
  leakyRelu as tfLeakyRelu,
  tidy,
  where,
} from '@tensorflow/tfjs-core';

/** The slope that LeakyReLU has for negative inputs when nothing else is said, as in PyTorch. */
export const defaultSlope = 0.01;

/**
 * LeakyReLU of any tensor: x where x > 0, slope · x elsewhere. Its gradient needs the output only.
 *
 * @param slope In (0, 1].
 *
 * *Source*: Maas et al., "Rectifier nonlinearities improve neural network acoustic models" (2013).
 */
export function applyLeakyRelu<T extends Tensor>(x: T, slope = defaultSlope): T {
  const op = customGrad((input, save) => {
    const y = tfLeakyRelu(input as Tensor, slope);
    (save as (tensors: Tensor[]) => void)([y]);
    return { value: y, gradFunc: (dy: Tensor, [saved]: Tensor[]) => leakyReluGradient(dy, saved!, slope) };
  });
  return op(x) as T;
}

/**
 * The gradient before a LeakyReLU from the one behind it: dy where y > 0, slope · dy elsewhere.
 *
 * @param y The activation's output, of the shape of `dy`.
 */
export function leakyReluGradient<T extends Tensor>(dy: T, y: T, slope: number): T {
  return dispatch('SshnLeakyReluGrad', { dy, y }, { slope }, () =>
    tidy(() => where(greater(y, 0), dy, mul(dy, slope)) as T),
  );
}

/** LeakyReLU as a layer without parameters; input and output have the same shape. */
export function leakyRelu({
  slope = defaultSlope,
}: {
  readonly slope?: number;
} = {}): Module<{}, Tensor, Tensor> {
  return { specs: {}, apply: (_params, x) => applyLeakyRelu(x, slope) };
}
