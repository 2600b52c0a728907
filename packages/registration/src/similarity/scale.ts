import { differentiable, meanOver } from '@sshn/ops';
import {
  abs,
  div,
  max,
  maximum,
  minimum,
  mul,
  sqrt,
  square,
  sub,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import { spatialAxes } from './inputs.js';

/** Standard deviations that are left as they are: those of images in [0, 1]. */
const [leastDeviation, mostDeviation] = [1 / 16, 1 / 2];
/** A deviation below this share of the largest magnitude is rounding of float32. */
const rounding = 1e-7;
/** Keeps quotients finite where an image is 0 everywhere. */
const tiny = 1e-30;

/** An image with mean 0 and a spread of the order of 1, and what it was divided by. */
export interface Standardized {
  /** `[batch, ...spatial, channels]` */
  readonly image: Tensor;
  /** `[batch, 1, …, channels]`, positive. */
  readonly scale: Tensor;
}

/**
 * An image without its mean, per sample and channel, divided by `scaleOf` it: variances of the result can be summed in
 * float32 whatever the unit of the intensities, and absolute thresholds mean the same for a scanner's 45,000 as for 1.
 *
 * The mean is taken twice, so that the first one's rounding does not stay where the offset is large.
 */
export function standardized(x: Tensor): Standardized {
  const [image, scale] = tidy(() => {
    const axes = spatialAxes(x);
    const centered = sub(x, meanOver(x, axes, true));
    const exact = sub(centered, meanOver(centered, axes, true));
    const divisor = scaleOf(x, exact);
    return [div(exact, divisor), divisor];
  });
  return { image: image!, scale: scale! };
}

/**
 * What brings the standard deviation of each sample and channel into [1/16, 1/2]: 1 where it lies there, as it does in
 * usual images in [0, 1], so that their results do not change; else the deviation over the nearer end.
 *
 * An image whose deviation is rounding beside its magnitude is not blown up.
 */
export function scaleOf(x: Tensor, centered: Tensor): Tensor {
  return tidy(() => {
    const axes = spatialAxes(x);
    // Divided by the largest first: squares of large intensities overflow, those of small ones vanish.
    const reach = maximum(max(abs(centered), axes, true), tiny);
    const deviation = mul(reach, sqrt(meanOver(square(div(centered, reach)), axes, true)));
    const seen = maximum(deviation, mul(max(abs(x), axes, true), rounding));
    const large = maximum(div(seen, mostDeviation), 1);
    const small = minimum(div(seen, leastDeviation), 1);
    return maximum(mul(large, small), tiny);
  });
}

/** The image of `standardized`, differentiable: mean and scale count as constants, which correlations do not see. */
export function standardize(x: Tensor): Tensor {
  return differentiable([x], {
    forward(input) {
      const { image, scale } = standardized(input);
      return { value: image, saved: [scale] };
    },
    backward: (dy, scale) => [div(dy, scale)],
  });
}

/** Two images without the second one's mean, divided by the larger of their scales; differentiable in both. */
export function inCommonUnit(a: Tensor, b: Tensor): [Tensor, Tensor] {
  const inUnit = (image: Tensor) =>
    differentiable([image], {
      forward(input) {
        const axes = spatialAxes(b);
        const offset = meanOver(b, axes, true);
        const centered = (x: Tensor) => sub(x, meanOver(x, axes, true));
        const scale = maximum(scaleOf(a, centered(a)), scaleOf(b, centered(b)));
        return { value: div(sub(input, offset), scale), saved: [scale] };
      },
      backward: (dy, scale) => [div(dy, scale)],
    });
  return [inUnit(a), inUnit(b)];
}
