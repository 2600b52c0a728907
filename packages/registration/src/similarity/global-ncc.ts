import { meanAll, meanOver } from '@sshn/ops';
import {
  add,
  clipByValue,
  div,
  mul,
  type Scalar,
  sqrt,
  square,
  sub,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import { checkPair, spatialAxes } from './inputs.js';
import { standardize } from './scale.js';

/** How `globalNccLoss` correlates. */
export interface GlobalNccOptions {
  /** The squared correlation, blind to inverted contrast, rather than the signed one. @default true */
  readonly squared?: boolean;
}

/** Added to the product of the variances of standardized images, so that flat ones are uncorrelated rather than NaN. */
const EPSILON = 1e-10;

/**
 * One minus the normalized cross-correlation of whole images, averaged over channels and batch.
 *
 * `loss = 1 − cov(a, b)² / (var(a) var(b))`, or signed `1 − cov(a, b) / √(var(a) var(b))`
 *
 * Images `[batch, ...spatial, channels]`, their intensities in any unit and with any offset. Result in [0, 1], signed in
 * [0, 2]; 1 if an image is flat.
 *
 * @throws {ShapeError} if the shapes differ.
 * @example
 * const loss = globalNccLoss(moved, fixed, { squared: false });
 *
 * *Source*: Lewis, "Fast normalized cross-correlation" (1995).
 */
export function globalNccLoss(moved: Tensor, fixed: Tensor, options: GlobalNccOptions = {}): Scalar {
  const { squared = true } = options;
  checkPair('globalNccLoss', moved, fixed);
  return tidy(() => {
    const axes = spatialAxes(moved);
    const [a, b] = [standardize(moved), standardize(fixed)];
    const cross = meanOver(mul(a, b), axes);
    const variances = add(mul(meanOver(square(a), axes), meanOver(square(b), axes)), EPSILON);
    const ncc = squared ? div(square(cross), variances) : div(cross, sqrt(variances));
    // Rounding may leave the range by the last digit.
    return meanAll(sub(1, clipByValue(ncc, squared ? 0 : -1, 1)));
  });
}
