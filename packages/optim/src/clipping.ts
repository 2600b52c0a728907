import { mapParams, namedParams, type ParamNode, ValueError } from '@sshn/core';
import { euclideanNorm } from '@sshn/ops';
import { div, maximum, mul, type Scalar, tidy } from '@tensorflow/tfjs-core';

/**
 * The Euclidean norm of all entries of all tensors together, as a scalar that stays on the device.
 *
 * NaN or infinite if an entry is: `firstNonFinite` then tells which. May overflow to infinity above about 1e19.
 */
export function globalNorm(tensors: ParamNode): Scalar {
  return euclideanNorm([...namedParams(tensors).values()]);
}

/**
 * Scales gradients so that their norm, all tensors taken together, is at most `maxNorm`; smaller ones stay as they are.
 *
 * `g' = g · maxNorm / max(norm, maxNorm)`. The caller owns `norm`, the norm before, and all tensors in `gradients`.
 *
 * @param maxNorm > 0.
 * @throws {ValueError} if `maxNorm` is not a positive number.
 * @example
 * const { gradients: clipped, norm } = clipByGlobalNorm(gradients, 1);
 *
 * *Source*: Pascanu et al., "On the difficulty of training recurrent neural networks" (2013), algorithm 1.
 */
export function clipByGlobalNorm<Params extends ParamNode>(
  gradients: Params,
  maxNorm: number,
): { gradients: Params; norm: Scalar } {
  checkBound('clipByGlobalNorm', maxNorm);
  const norm = globalNorm(gradients);
  const scale = tidy(() => div(maxNorm, maximum(norm, maxNorm)));
  const clipped = mapParams(gradients, (gradient) => mul(gradient, scale));
  scale.dispose();
  return { gradients: clipped, norm };
}

/**
 * What `clipByGlobalNorm` multiplies gradients by, where the norm has been read: `maxNorm / max(norm, maxNorm)`.
 *
 * An optimizer takes it as `gradientScale`, and no gradient is multiplied in a pass of its own.
 *
 * @param norm Of all gradients together, as `globalNorm` gives it.
 * @param maxNorm > 0.
 * @returns In [0, 1]; NaN if the norm is.
 * @throws {ValueError} if `maxNorm` is not a positive number.
 * @example
 * const [norm] = await globalNorm(gradients).data();
 * optimizer.update(gradients, state, params, { step, learningRate, gradientScale: clippingScale(norm, 1) });
 */
export function clippingScale(norm: number, maxNorm: number): number {
  checkBound('clippingScale', maxNorm);
  return maxNorm / Math.max(norm, maxNorm);
}

function checkBound(where: string, maxNorm: number): void {
  if (!(maxNorm > 0 && maxNorm < Infinity))
    throw new ValueError({ where: `${where}: maxNorm`, got: maxNorm, expected: 'a positive number' });
}

/** A value that should not be there, and where. */
export interface NonFinite {
  readonly path: string;
  /** NaN, Infinity or -Infinity: the first such entry, and its place in row-major order. */
  readonly value: number;
  readonly index: number;
  /** How many of the tensor's entries are not finite. */
  readonly count: number;
}

/**
 * The first tensor with an entry that is NaN or infinite; undefined if there is none.
 *
 * Reads every tensor back from the device: meant for the moment after a loss or a norm came out non-finite.
 *
 * @example
 * const bad = await firstNonFinite(gradients);
 * if (bad) console.error(`${bad.count} bad entries in ${bad.path}, the first is ${bad.value}`);
 */
export async function firstNonFinite(tensors: ParamNode): Promise<NonFinite | undefined> {
  for (const [path, tensor] of namedParams(tensors)) {
    const values = await tensor.data();
    const index = firstBad(values);
    if (index === -1) continue;
    let count = 0;
    for (const value of values) if (!Number.isFinite(value)) count += 1;
    return { path, value: values[index]!, index, count };
  }
  return undefined;
}

/** A loop without a call for each value: it goes over all weights of a network after every epoch. */
function firstBad(values: ArrayLike<number>): number {
  // A number less itself is 0, NaN and infinity less themselves are NaN.
  for (let i = 0; i < values.length; i++) if (values[i]! - values[i]! !== 0) return i;
  return -1;
}
