import { ValueError } from '@sshn/core';
import { dispatch, repairKernels } from '@sshn/ops';
import {
  add,
  cast,
  concat,
  customGrad,
  div,
  type GradSaveFunc,
  greater,
  maximum,
  minimum,
  mul,
  neg,
  ones,
  relu,
  rsqrt,
  type Scalar,
  split,
  sqrt,
  square,
  sub,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import { meanAll } from '../reduce/mean-all.js';
import { boxSum } from './box-sum.js';
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
  repairKernels();
  const settings = { window, squared, epsilon };
  const op = customGrad((...args: Array<Tensor | GradSaveFunc>) => {
    const [first, second, save] = args as [Tensor, Tensor, GradSaveFunc];
    // The correlation does not see offset and scale, but float32 and epsilon do.
    const [moved, fixed] = [standardized(first), standardized(second)];
    const pair = { moved: moved.image, fixed: fixed.image };
    const [value, maps] = dispatch('SshnLocalNcc', pair, settings, () => correlate(pair, settings));
    save([pair.moved, pair.fixed, maps!, moved.scale, fixed.scale]);
    return {
      value: value as Scalar,
      gradFunc: (dy: Scalar, saved: Tensor[]) => {
        const inputs = { moved: saved[0]!, fixed: saved[1]!, maps: saved[2]! };
        const all = dispatch('SshnLocalNccGrad', inputs, { window }, () => gradients(inputs, window));
        return all.map((gradient, i) => mul(div(gradient, saved[3 + i]!), dy));
      },
    };
  });
  return tidy(() => op(moved, fixed));
}

interface Pair {
  readonly moved: Tensor;
  readonly fixed: Tensor;
}

/** The loss of two images, and five maps that its gradients sum over windows. */
function correlate(
  { moved: a, fixed: b }: Pair,
  { window, squared, epsilon }: Required<LocalNccOptions>,
): [Tensor, Tensor] {
  return tidy(() => {
    const sums = boxSum(concat([a, b, square(a), square(b), mul(a, b)], -1), window);
    const [sumA, sumB, sumAA, sumBB, sumAB] = split(sums, 5, -1);
    const perVoxel = div(1, boxSum(ones([1, ...a.shape.slice(1, -1), 1]), window));
    const meanA = mul(sumA!, perVoxel);
    const meanB = mul(sumB!, perVoxel);
    const varianceA = relu(sub(sumAA!, mul(sumA!, meanA)));
    const varianceB = relu(sub(sumBB!, mul(sumB!, meanB)));
    // Rounding may not break |cross| ≤ √(var_a · var_b).
    const most = sqrt(mul(varianceA, varianceB));
    const cross = maximum(minimum(sub(sumAB!, mul(sumA!, meanB)), most), neg(most));

    // ∂ncc/∂cross = weight, ∂ncc/∂var = −slope · var of the other, doubled below as ∂var/∂a has a 2.
    const inverse = squared
      ? div(1, add(mul(varianceA, varianceB), epsilon))
      : rsqrt(add(mul(varianceA, varianceB), epsilon));
    const ncc = mul(squared ? square(cross) : cross, inverse);
    const weight = squared ? mul(mul(cross, inverse), 2) : inverse;
    const slope = squared ? mul(mul(ncc, inverse), -2) : mul(mul(ncc, square(inverse)), -1);
    const toA = mul(mul(slope, varianceB), clamped(varianceA));
    const toB = mul(mul(slope, varianceA), clamped(varianceB));
    const pullA = add(mul(weight, meanB), mul(toA, meanA));
    const pullB = add(mul(weight, meanA), mul(toB, meanB));
    return [sub(1, meanAll(ncc)), concat([weight, toA, toB, pullA, pullB], -1)];
  });
}

/** Gradients of that loss to both images. */
function gradients({ moved, fixed, maps }: Pair & { readonly maps: Tensor }, window: number): Tensor[] {
  return tidy(() => {
    const [weight, toA, toB, pullA, pullB] = split(boxSum(maps, window), 5, -1);
    const gradient = (other: Tensor, self: Tensor, along: Tensor, pull: Tensor) =>
      mul(sub(pull, add(mul(other, weight!), mul(self, along))), 1 / moved.size);
    return [gradient(fixed, moved, toA!, pullA!), gradient(moved, fixed, toB!, pullB!)];
  });
}

/** 1 where a variance has a slope, 0 where it was clamped. */
function clamped(variance: Tensor): Tensor {
  return cast(greater(variance, 0), 'float32');
}
