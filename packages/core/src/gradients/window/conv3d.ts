import { backend_util, conv3d, reverse, type Tensor5D, transpose } from '@tensorflow/tfjs-core';
import { fitAxis, interleaveZeros } from '../arrangement/rearrange.js';
import { overhang, type WindowAxis, windowAxes } from './geometry.js';

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
 * The gradient of a 3D convolution to its filter, as one convolution in which batch and channels have changed places:
 * `dy` is the filter, and strides and dilations have changed places too.
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
  const axes = geometry(x.shape, filterShape, layout);
  const seen = axes.reduce(
    (all, along) => fitAxis(all, along.axis, along.front, along.front + along.size + overhang(along)),
    x,
  );
  const exchanged = conv3d(
    transpose(seen, [4, 1, 2, 3, 0]),
    transpose(dy, [1, 2, 3, 0, 4]),
    axes.map(({ dilation }) => dilation) as Triple,
    'valid',
    'NDHWC',
    axes.map(({ stride }) => stride) as Triple,
  );
  return transpose(exchanged, [1, 2, 3, 0, 4]);
}
