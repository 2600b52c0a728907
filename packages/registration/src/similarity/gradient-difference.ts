import { meanAll, meanOver } from '@sshn/ops';
import { add, div, maximum, type Scalar, square, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { forwardDifference } from '../regularizers.js';
import { checkPair, spatialAxes } from './inputs.js';
import { inCommonUnit } from './scale.js';

/** The least variance of edges, in images scaled to the order of 1: images without any are compared on this scale. */
const FLAT = 1e-6;

/**
 * One minus the gradient difference of two images: how well their edges lie on each other.
 *
 * With forward differences ∂ along each axis and v the variance of the fixed image's, per sample and channel:
 *
 * `loss = 1 − mean(v / (v + (∂moved − ∂fixed)²))`
 *
 * Images `[batch, ...spatial, channels]`, both in one unit, whichever it is. Result in [0, 1), 0 for images that differ by
 * a constant. Insensitive to few large differences, such as instruments. Axes of one voxel have no edges and do not count.
 *
 * @throws {ShapeError} if the shapes differ.
 * @example
 * const loss = gradientDifferenceLoss(warp(moving, field), fixed);
 *
 * *Source*: Penney et al., "A comparison of similarity measures for use in 2-D–3-D medical image registration" (1998),
 * with its scale fixed at 1 and values averaged rather than summed.
 */
export function gradientDifferenceLoss(moved: Tensor, fixed: Tensor): Scalar {
  checkPair('gradientDifferenceLoss', moved, fixed);
  return tidy(() => {
    const axes = spatialAxes(moved).filter((axis) => moved.shape[axis]! > 1);
    if (axes.length === 0) return meanAll(sub(moved, moved));
    const [a, b] = inCommonUnit(moved, fixed);
    const losses = axes.map((axis) => {
      const edges = forwardDifference(b, axis);
      const scale = tidy(() => {
        const all = spatialAxes(edges);
        return maximum(meanOver(square(sub(edges, meanOver(edges, all, true))), all, true), FLAT);
      });
      const error = square(sub(forwardDifference(a, axis), edges));
      return meanAll(div(error, add(scale, error)));
    });
    return div(losses.reduce(add), losses.length) as Scalar;
  });
}
