import { ValueError } from '@sshn/core';
import { differentiable, localNcc, localNccGradients } from '@sshn/ops';
import { div, mul, type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { checkPair } from './inputs.js';
import { standardized } from './scale.js';

/** How `localNccLoss` correlates. */
export interface LocalNccOptions {
  /** Edge of the window in voxels, odd. @default 9 */
  readonly window?: number;
  /**
   * The squared correlation, in [0, 1], blind to inverted contrast, rather than the signed one, in [−1, 1]. @default true
   */
  readonly squared?: boolean;
  /** Added to the product of the variances: what is below it counts as flat, so as uncorrelated. @default 1e-5 */
  readonly epsilon?: number;
}

/**
 * One minus the local normalized cross-correlation, averaged over voxels, channels and batch.
 *
 * With sums over the window around each voxel, `cross = Σ (a − ā)(b − b̄)` and the variances likewise:
 *
 * `loss = 1 − mean(cross² / (var_a · var_b + epsilon))`, or signed `1 − mean(cross / √(var_a · var_b + epsilon))`
 *
 * Images `[batch, ...spatial, channels]` in 2D or 3D. Result in [0, 1], signed in [0, 2]; 0 for equal images up to a local
 * change of brightness and contrast. At the border, windows hold what lies inside the image and means are over that.
 *
 * Intensities may have any unit and offset: each channel of each image is centered first and, where its standard deviation
 * σ lies outside of [1/16, 1/2], divided by 2σ or 16σ, so that `epsilon` is the same share of an image's own variance in
 * any unit. Images in [0, 1] lie within and are taken as they are. A variance that rounding makes negative counts as 0, and
 * the covariance never exceeds what both variances allow. Takes time linear in the voxels, whatever the window.
 * Differentiable in both images; the divisor counts as a constant there.
 *
 * @throws {ShapeError} if the shapes differ.
 * @throws {ValueError} if the window is not odd and positive, or epsilon not positive.
 * @example
 * const loss = localNccLoss(warp(moving, field), fixed, { window: 9 });
 *
 * *Source*: Avants et al., "Symmetric diffeomorphic image registration with cross-correlation" (2008); defaults as
 * VoxelMorph's `NCC(win=9, eps=1e-5, signed=False)`, which pads with zeros at the border instead.
 */
export function localNccLoss(moved: Tensor, fixed: Tensor, options: LocalNccOptions = {}): Scalar {
  const { window = 9, squared = true, epsilon = 1e-5 } = options;
  checkPair('localNccLoss', moved, fixed);
  if (!Number.isInteger(window) || window < 1 || window % 2 === 0) {
    throw new ValueError({
      where: 'localNccLoss: window',
      got: window,
      expected: 'an odd number of voxels, 3 or more to mean something',
    });
  }
  if (!(epsilon > 0 && epsilon < Infinity)) {
    throw new ValueError({ where: 'localNccLoss: epsilon', got: epsilon, expected: 'a positive number' });
  }
  const settings = { window, squared, epsilon };
  return tidy(() =>
    differentiable([moved, fixed], {
      forward: (first, second) => {
        // The correlation does not see offset and scale, but float32 and epsilon do.
        const [a, b] = [standardized(first), standardized(second)];
        const [value, maps] = localNcc(a.image, b.image, settings);
        return { value: value as Scalar, saved: [a.image, b.image, maps, a.scale, b.scale] };
      },
      backward: (dy, a, b, maps, scaleA, scaleB) => {
        const [toA, toB] = localNccGradients({ moved: a, fixed: b, maps }, window);
        return [mul(div(toA, scaleA), dy), mul(div(toB, scaleB), dy)];
      },
    }),
  );
}
