import { ValueError } from '@sshn/core';
import { add, mul, type Scalar, tidy } from '@tensorflow/tfjs-core';

/**
 * Two losses that share one weight: `(1 − λ) · first + λ · second`.
 *
 * Where λ is an input of a hypernetwork, both ends of its range are problems of their own: similarity alone, and smoothness
 * alone. Differentiable in both.
 *
 * @throws {ValueError} if λ is not in [0, 1].
 * @example
 * const loss = blend(0.3, localNccLoss(moved, fixed), diffusion(flow));
 *
 * *Source*: Hoopes et al., "Learning the effect of registration hyperparameters with HyperMorph" (2022), equation 3.
 */
export function blend(lambda: number, first: Scalar, second: Scalar): Scalar {
  if (!(lambda >= 0 && lambda <= 1))
    throw new ValueError({ where: 'blend: lambda', got: lambda, expected: 'a number in [0, 1]' });
  return tidy(() => add(mul(first, 1 - lambda), mul(second, lambda)) as Scalar);
}
