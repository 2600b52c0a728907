import {
  backend_util,
  concat,
  conv2d,
  matMul,
  reshape,
  reverse,
  type Tensor4D,
  transpose,
} from '@tensorflow/tfjs-core';
import { overhang, seenAt, type WindowAxis, windowAxes, windowPlaces } from './geometry.js';
import { spreadOut, withMargins } from './margins.js';

type Pair = [number, number];
type Shape4D = [number, number, number, number];

/** How a 2D convolution was laid out, in tfjs' words; images are channels-last. */
export interface Conv2dLayout {
  readonly strides: Pair | number;
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  readonly dilations?: Pair | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** The windows of a 2D convolution along height and width. */
export function planarGeometry(
  inputShape: Shape4D,
  filterShape: Shape4D,
  layout: Conv2dLayout,
): WindowAxis[] {
  const { strides, pad, dilations = 1, dimRoundingMode } = layout;
  return windowAxes(
    backend_util.computeConv2DInfo(inputShape, filterShape, strides, dilations, pad, dimRoundingMode),
  );
}

/**
 * The gradient of a 2D convolution to its input, as a convolution of `dy` with the filter turned by 180° and its
 * channels exchanged: as fast as the forward pass. Strides put zeros between the entries of `dy`.
 *
 * dy `[batch, outHeight, outWidth, outChannels]`, filter `[height, width, inChannels, outChannels]`,
 * result `inputShape`, which is `[batch, height, width, inChannels]`.
 */
export function conv2dInputGradient(
  dy: Tensor4D,
  filter: Tensor4D,
  inputShape: Shape4D,
  layout: Conv2dLayout,
): Tensor4D {
  const axes = planarGeometry(inputShape, filter.shape, layout);
  const turned = transpose(reverse(filter, [0, 1]), [0, 1, 3, 2]);
  const { cut, padding } = spreadOut(dy, axes);
  return conv2d(cut, turned, 1, padding, 'NHWC', axes.map(({ dilation }) => dilation) as Pair);
}

/**
 * The gradient of a 2D convolution to its filter. With many input channels it is one convolution in which batch and
 * channels have changed places: `dy` is the filter, and strides and dilations have changed places too. With few of them,
 * or a 1×1 filter, it is one product of matrices.
 *
 * x `[batch, height, width, inChannels]`, dy `[batch, outHeight, outWidth, outChannels]`,
 * result `filterShape`, which is `[height, width, inChannels, outChannels]`.
 */
export function conv2dFilterGradient(
  x: Tensor4D,
  dy: Tensor4D,
  filterShape: Shape4D,
  layout: Conv2dLayout,
): Tensor4D {
  const axes = planarGeometry(x.shape, filterShape, layout);
  const [height, width, inChannels] = filterShape;
  return height * width === 1 || inChannels <= fewChannels
    ? filterGradientAsProduct(x, dy, filterShape, axes)
    : filterGradientAsConvolution(x, dy, axes);
}

/** Up to here the product is faster on wasm; with one channel ten times. */
const fewChannels = 8;

/** Σ over batch and pixels of (what each tap of the filter sees) · dy. */
function filterGradientAsProduct(
  x: Tensor4D,
  dy: Tensor4D,
  filterShape: Shape4D,
  axes: readonly WindowAxis[],
): Tensor4D {
  const [height, width, inChannels, outChannels] = filterShape;
  const channelsFirst = transpose(x, [3, 0, 1, 2]);
  const shifted = axes.map((along) => ({ ...along, axis: along.axis + 1 }));
  const taps = windowPlaces(axes.map((along, i) => ({ ...along, window: i === 0 ? height : width })));
  const seen = seenAt(channelsFirst, shifted, 0);
  const rows = taps.map((tap) => {
    const place = tap.map((index, i) => index * axes[i]!.dilation);
    return reshape(seen(place), [inChannels, -1]);
  });
  const product = matMul(concat(rows, 0), reshape(dy, [-1, outChannels]));
  return reshape(product, filterShape);
}

function filterGradientAsConvolution(x: Tensor4D, dy: Tensor4D, axes: readonly WindowAxis[]): Tensor4D {
  const { cut, padding } = withMargins(
    x,
    axes.map((along) => [along.axis, along.front, overhang(along)]),
  );
  const exchanged = conv2d(
    transpose(cut, [3, 1, 2, 0]),
    transpose(dy, [1, 2, 0, 3]),
    axes.map(({ dilation }) => dilation) as Pair,
    padding,
    'NHWC',
    axes.map(({ stride }) => stride) as Pair,
  );
  return transpose(exchanged, [1, 2, 0, 3]);
}
