import { backend_util, conv2d, reverse, slice, type Tensor4D, transpose } from '@tensorflow/tfjs-core';

type Pair = [number, number];

/** How a 2D convolution was laid out, in tfjs' words; images are channels-last. */
export interface Conv2dLayout {
  readonly strides: Pair | number;
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  readonly dilations?: Pair | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type Shape4D = [number, number, number, number];

function geometry(inputShape: Shape4D, filterShape: Shape4D, layout: Conv2dLayout) {
  const { strides, pad, dilations = 1, dimRoundingMode } = layout;
  return backend_util.computeConv2DInfo(inputShape, filterShape, strides, dilations, pad, dimRoundingMode);
}

/**
 * The gradient of a convolution to its input, as a convolution of `dy` with the filter turned by 180° and its channels
 * exchanged: as fast as the forward pass on every backend.
 *
 * dy `[batch, outHeight, outWidth, outChannels]`, filter `[height, width, inChannels, outChannels]`,
 * result `inputShape`, which is `[batch, height, width, inChannels]`.
 *
 * @returns undefined where that form does not exist: strides above 1, or padding wider than the filter.
 */
export function conv2dInputGradient(
  dy: Tensor4D,
  filter: Tensor4D,
  inputShape: Shape4D,
  layout: Conv2dLayout,
): Tensor4D | undefined {
  const info = geometry(inputShape, filter.shape, layout);
  if (info.strideHeight !== 1 || info.strideWidth !== 1) return undefined;
  const before = [
    info.effectiveFilterHeight - 1 - info.padInfo.top,
    info.effectiveFilterWidth - 1 - info.padInfo.left,
  ] as const;
  const after = [
    info.inHeight - info.outHeight + info.padInfo.top,
    info.inWidth - info.outWidth + info.padInfo.left,
  ] as const;
  if (Math.min(...before, ...after) < 0) return undefined;
  const turned = transpose(reverse(filter, [0, 1]), [0, 1, 3, 2]);
  const padding: backend_util.ExplicitPadding = [
    [0, 0],
    [before[0], after[0]],
    [before[1], after[1]],
    [0, 0],
  ];
  return conv2d(dy, turned, 1, padding, 'NHWC', [info.dilationHeight, info.dilationWidth]);
}

/**
 * The gradient of a convolution to its filter, as one convolution in which batch and channels have changed places:
 * `dy` is the filter, and strides and dilations have changed places too.
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
  const info = geometry(x.shape, filterShape, layout);
  const { top, left } = info.padInfo;
  // Rows below the last window (a stride that does not divide) are cut off, missing ones padded.
  const bottom = info.effectiveFilterHeight + (info.outHeight - 1) * info.strideHeight - info.inHeight - top;
  const right = info.effectiveFilterWidth + (info.outWidth - 1) * info.strideWidth - info.inWidth - left;
  const seen =
    bottom < 0 || right < 0
      ? slice(x, 0, [-1, info.inHeight + Math.min(bottom, 0), info.inWidth + Math.min(right, 0), -1])
      : x;
  const padding: backend_util.ExplicitPadding = [
    [0, 0],
    [top, Math.max(bottom, 0)],
    [left, Math.max(right, 0)],
    [0, 0],
  ];
  const exchanged = conv2d(
    transpose(seen, [3, 1, 2, 0]),
    transpose(dy, [1, 2, 0, 3]),
    [info.dilationHeight, info.dilationWidth],
    padding,
    'NHWC',
    [info.strideHeight, info.strideWidth],
  );
  return transpose(exchanged, [1, 2, 0, 3]);
}
