import {
  addN,
  backend_util,
  conv2d,
  reshape,
  reverse,
  stack,
  type Tensor,
  type Tensor4D,
  type Tensor5D,
  transpose,
  unstack,
} from '@tensorflow/tfjs-core';
import { interleaveZeros } from '../arrangement/rearrange.js';
import { type Conv2dLayout, conv2dFilterGradient } from './conv2d.js';
import { overhang, seenAt, type WindowAxis, windowAxes } from './geometry.js';
import { withMargins } from './margins.js';

type Triple = [number, number, number];
type Shape5D = [number, number, number, number, number];

/** How a 3D convolution was laid out, in tfjs' words; volumes are channels-last. */
export interface Conv3dLayout {
  readonly strides: Triple | number;
  readonly pad: 'valid' | 'same';
  readonly dilations?: Triple | number;
}

type SpaceAxes = readonly [depth: WindowAxis, height: WindowAxis, width: WindowAxis];

function geometry(inputShape: Shape5D, filterShape: Shape5D, layout: Conv3dLayout): SpaceAxes {
  const { strides, pad, dilations = 1 } = layout;
  const info = backend_util.computeConv3DInfo(inputShape, filterShape, strides, dilations, pad);
  const [depth, height, width] = windowAxes(info);
  return [depth!, height!, width!];
}

/**
 * A 3D convolution as a sum of 2D ones: each slice of the filter meets all planes of the volume at once. On backends whose
 * 3D convolution is a plain loop (wasm: 40 times slower) this is the fast way.
 *
 * x `[batch, depth, height, width, inChannels]`, filter `[...sizes, inChannels, outChannels]`,
 * result `[batch, ...outSizes, outChannels]`.
 */
export function conv3dBySlices(x: Tensor5D, filter: Tensor5D, layout: Conv3dLayout): Tensor5D {
  return bySlices(x, filter, geometry(x.shape, filter.shape, layout));
}

function bySlices(x: Tensor5D, filter: Tensor5D, axes: SpaceAxes): Tensor5D {
  const [depth, height, width] = axes;
  const seen = seenAt(x, [depth], 0);
  const parts = unstack(filter).map((slice, i) => {
    const { cut, padding } = withMargins(planes(seen([i * depth.dilation])), [
      [1, height.front, overhang(height)],
      [2, width.front, overhang(width)],
    ]);
    const { stride, dilation } = pairs(height, width);
    return conv2d(cut, slice as Tensor4D, stride, padding, 'NHWC', dilation);
  });
  return reshape(addN(parts), [x.shape[0], depth.outSize, height.outSize, width.outSize, filter.shape[4]]);
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
  const [inChannels, outChannels] = filter.shape.slice(3) as [number, number];
  // Turned over along all three axes at once: webgpu transposes at most four.
  const taps = transpose(reverse(reshape(filter, [-1, inChannels, outChannels]), 0), [0, 2, 1]);
  const turned: Tensor5D = reshape(taps, [...filter.shape.slice(0, 3), outChannels, inChannels] as Shape5D);
  const apart = axes.reduce((all, { axis, stride }) => interleaveZeros(all, axis, stride), dy);
  const backward = axes.map((along) => ({
    ...along,
    size: apart.shape[along.axis]!,
    outSize: along.size,
    stride: 1,
    front: along.window - 1 - along.front,
  }));
  return bySlices(apart, turned, backward as unknown as SpaceAxes);
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
  const { stride, dilation } = pairs(height, width);
  const planar: Conv2dLayout = {
    strides: stride,
    // Not the word: in 3D tfjs lets 'same' padding be negative.
    pad: [
      [0, 0],
      [height.front, overhang(height)],
      [width.front, overhang(width)],
      [0, 0],
    ],
    dilations: dilation,
  };
  const gradients = Array.from({ length: slices }, (_, i) =>
    conv2dFilterGradient(planes(seen([i * depth.dilation])), planes(dy), sliceShape, planar),
  );
  return stack(gradients) as Tensor5D;
}

/** Strides and dilations of a plane, as tfjs wants them. */
function pairs(height: WindowAxis, width: WindowAxis): Record<'stride' | 'dilation', [number, number]> {
  return { stride: [height.stride, width.stride], dilation: [height.dilation, width.dilation] };
}

/** `[batch, depth, height, width, channels]` as images, one per plane. */
function planes(x: Tensor): Tensor4D {
  const [batch, depth, height, width, channels] = x.shape as Shape5D;
  return reshape(x, [batch * depth, height, width, channels]);
}
