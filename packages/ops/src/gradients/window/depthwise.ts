import {
  depthwiseConv2d,
  mul,
  reshape,
  reverse,
  stack,
  sum,
  type Tensor,
  type Tensor4D,
  transpose,
  unstack,
} from '@tensorflow/tfjs-core';
import { sumRows } from '../reduction/broadcast.js';
import { type Conv2dLayout, planarGeometry } from './conv2d.js';
import { seenAt, windowPlaces } from './geometry.js';
import { spreadOut } from './margins.js';

type Shape4D = [number, number, number, number];

/**
 * The gradient of a depthwise convolution to its input, as a depthwise convolution of `dy` with the filter turned by
 * 180°, summed over the outputs of each channel.
 *
 * dy `[batch, outHeight, outWidth, channels · multiplier]`, filter `[height, width, channels, multiplier]`,
 * result `inputShape`, which is `[batch, height, width, channels]`.
 */
export function depthwiseInputGradient(
  dy: Tensor4D,
  filter: Tensor4D,
  inputShape: Shape4D,
  layout: Conv2dLayout,
): Tensor4D {
  const [height, width, channels, multiplier] = filter.shape;
  const axes = planarGeometry(inputShape, filter.shape, layout);
  const turned: Tensor4D = reshape(reverse(filter, [0, 1]), [height, width, channels * multiplier, 1]);
  const { cut, padding } = spreadOut(dy, axes);
  const dilations = axes.map(({ dilation }) => dilation) as [number, number];
  const perOutput = depthwiseConv2d(cut, turned, 1, padding, 'NHWC', dilations);
  if (multiplier === 1) return perOutput;
  return sum(reshape(perOutput, [...inputShape.slice(0, 3), channels, multiplier]), 4);
}

/**
 * The gradient of a depthwise convolution to its filter: for each tap, the sum over batch and pixels of what it sees
 * times `dy`.
 *
 * x `[batch, height, width, channels]`, dy `[batch, outHeight, outWidth, channels · multiplier]`,
 * result `filterShape`, which is `[height, width, channels, multiplier]`.
 */
export function depthwiseFilterGradient(
  x: Tensor4D,
  dy: Tensor4D,
  filterShape: Shape4D,
  layout: Conv2dLayout,
): Tensor4D {
  const [height, width, channels, multiplier] = filterShape;
  const axes = planarGeometry(x.shape, filterShape, layout);
  const seen = seenAt(x, axes, 0);
  const perMultiple = unstack(reshape(dy, [-1, channels, multiplier]), 2);
  const taps = windowPlaces(axes.map((along, i) => ({ ...along, window: i === 0 ? height : width })));
  const sums = taps.flatMap((tap) => {
    const place = tap.map((index, i) => index * axes[i]!.dilation);
    const pixels: Tensor = reshape(seen(place), [-1, channels]);
    return perMultiple.map((part) => sumRows(mul(pixels, part)));
  });
  return transpose(reshape(stack(sums), [height, width, multiplier, channels]), [0, 1, 3, 2]);
}
