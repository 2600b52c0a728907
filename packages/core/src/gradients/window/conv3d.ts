import {
  backend_util,
  conv3d,
  reshape,
  reverse,
  stack,
  type Tensor,
  type Tensor4D,
  type Tensor5D,
  transpose,
} from '@tensorflow/tfjs-core';
import { fitAxis, interleaveZeros } from '../arrangement/rearrange.js';
import { type Conv2dLayout, conv2dFilterGradient } from './conv2d.js';
import { overhang, seenAt, type WindowAxis, windowAxes } from './geometry.js';

type Triple = [number, number, number];
type Shape5D = [number, number, number, number, number];

/** How a 3D convolution was laid out, in tfjs' words; volumes are channels-last. */
export interface Conv3dLayout {
  readonly strides: Triple | number;
  readonly pad: 'valid' | 'same';
  readonly dilations?: Triple | number;
}

function geometry(inputShape: Shape5D, filterShape: Shape5D, layout: Conv3dLayout): WindowAxis[] {
  const { strides, pad, dilations = 1 } = layout;
  return windowAxes(backend_util.computeConv3DInfo(inputShape, filterShape, strides, dilations, pad));
}

/**
 * The gradient of a 3D convolution to its input, as a convolution of `dy` with the mirrored filter whose channels are
 * exchanged; strides put zeros between the entries of `dy`.
 *
 * dy `[batch, ...outSizes, outChannels]`, filter `[...sizes, inChannels, outChannels]`, result `inputShape`, which is
 * `[batch, depth, height, width, inChannels]`.
 */
export function conv3dInputGradient(
  dy: Tensor5D,
  filter: Tensor5D,
  inputShape: Shape5D,
  layout: Conv3dLayout,
): Tensor5D {
  const axes = geometry(inputShape, filter.shape, layout);
  const turned = transpose(reverse(filter, [0, 1, 2]), [0, 1, 2, 4, 3]);
  const dilations = axes.map(({ dilation }) => dilation) as Triple;
  const isSame = axes.every(
    ({ size, outSize, window, stride }) => stride === 1 && size === outSize && window % 2 === 1,
  );
  if (isSame) return conv3d(dy, turned, 1, 'same', 'NDHWC', dilations);
  const apart = axes.reduce(
    (all, { axis, size, window, stride, front }) =>
      fitAxis(interleaveZeros(all, axis, stride), axis, window - 1 - front, size + window - 1),
    dy,
  );
  return conv3d(apart, turned, 1, 'valid', 'NDHWC', dilations);
}

/**
 * The gradient of a 3D convolution to its filter: for each slice of the filter, that of a 2D convolution over all the
 * planes that the slice meets.
 *
 * x `[batch, depth, height, width, inChannels]`, dy `[batch, ...outSizes, outChannels]`, result `filterShape`, which is
 * `[...sizes, inChannels, outChannels]`.
 */
export function conv3dFilterGradient(
  x: Tensor5D,
  dy: Tensor5D,
  filterShape: Shape5D,
  layout: Conv3dLayout,
): Tensor5D {
  const [depth, height, width] = geometry(x.shape, filterShape, layout) as [
    WindowAxis,
    WindowAxis,
    WindowAxis,
  ];
  const [slices, ...sliceShape] = filterShape;
  const seen = seenAt(x, [depth], 0);
  const planar: Conv2dLayout = {
    strides: [height.stride, width.stride],
    // Not the word: in 3D tfjs lets 'same' padding be negative.
    pad: [
      [0, 0],
      [height.front, overhang(height)],
      [width.front, overhang(width)],
      [0, 0],
    ],
    dilations: [height.dilation, width.dilation],
  };
  const gradients = Array.from({ length: slices }, (_, i) =>
    conv2dFilterGradient(planes(seen([i * depth.dilation])), planes(dy), sliceShape, planar),
  );
  return stack(gradients) as Tensor5D;
}

/** `[batch, depth, height, width, channels]` as images, one per plane. */
function planes(x: Tensor): Tensor4D {
  const [batch, depth, height, width, channels] = x.shape as Shape5D;
  return reshape(x, [batch * depth, height, width, channels]);
}
