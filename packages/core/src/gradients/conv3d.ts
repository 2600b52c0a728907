import { backend_util, conv3d, pad, reverse, slice, type Tensor5D, transpose } from '@tensorflow/tfjs-core';

type Triple = [number, number, number];
type Shape5D = [number, number, number, number, number];

/** How a 3D convolution was laid out, in tfjs' words; volumes are channels-last. */
export interface Conv3dLayout {
  readonly strides: Triple | number;
  readonly pad: 'valid' | 'same';
  readonly dilations?: Triple | number;
}

function geometry(inputShape: Shape5D, filterShape: Shape5D, layout: Conv3dLayout) {
  const { strides, pad, dilations = 1 } = layout;
  const info = backend_util.computeConv3DInfo(inputShape, filterShape, strides, dilations, pad);
  const { padInfo } = info;
  return [
    {
      size: info.inDepth,
      outSize: info.outDepth,
      window: info.effectiveFilterDepth,
      stride: info.strideDepth,
      dilation: info.dilationDepth,
      front: padInfo.front,
    },
    {
      size: info.inHeight,
      outSize: info.outHeight,
      window: info.effectiveFilterHeight,
      stride: info.strideHeight,
      dilation: info.dilationHeight,
      front: padInfo.top,
    },
    {
      size: info.inWidth,
      outSize: info.outWidth,
      window: info.effectiveFilterWidth,
      stride: info.strideWidth,
      dilation: info.dilationWidth,
      front: padInfo.left,
    },
  ] as const;
}

/** The strides or dilations of three axes as tfjs wants them. */
const triple = (axes: ReturnType<typeof geometry>, of: 'stride' | 'dilation'): Triple => [
  axes[0][of],
  axes[1][of],
  axes[2][of],
];

/** Zeros around depth, height and width. */
function padSpace(x: Tensor5D, margins: ReadonlyArray<readonly [before: number, after: number]>): Tensor5D {
  if (margins.every(([before, after]) => before === 0 && after === 0)) return x;
  return pad(x, [[0, 0], ...margins.map(([before, after]): [number, number] => [before, after]), [0, 0]]);
}

/**
 * The gradient of a convolution to its input, as a convolution of `dy` with the mirrored filter.
 *
 * @returns undefined where that form does not exist: strides above 1.
 */
export function conv3dInputGradient(
  dy: Tensor5D,
  filter: Tensor5D,
  inputShape: Shape5D,
  layout: Conv3dLayout,
): Tensor5D | undefined {
  const axes = geometry(inputShape, filter.shape, layout);
  if (axes.some(({ stride }) => stride !== 1)) return undefined;
  const turned = transpose(reverse(filter, [0, 1, 2]), [0, 1, 2, 4, 3]);
  const dilations = triple(axes, 'dilation');
  const isSame = axes.every(({ size, outSize, window }) => size === outSize && window % 2 === 1);
  if (isSame) return conv3d(dy, turned, 1, 'same', 'NDHWC', dilations);
  const margins = axes.map(
    ({ size, outSize, window, front }) => [window - 1 - front, size - outSize + front] as const,
  );
  return conv3d(padSpace(dy, margins), turned, 1, 'valid', 'NDHWC', dilations);
}

/** The gradient of a convolution to its filter, as one convolution in which batch and channels have changed places. */
export function conv3dFilterGradient(
  x: Tensor5D,
  dy: Tensor5D,
  filterShape: Shape5D,
  layout: Conv3dLayout,
): Tensor5D {
  const axes = geometry(x.shape, filterShape, layout);
  const margins = axes.map(({ size, outSize, window, stride, front }) => ({
    before: front,
    after: window + (outSize - 1) * stride - size - front,
  }));
  const seen = margins.some(({ after }) => after < 0)
    ? slice(x, 0, [-1, ...axes.map(({ size }, i) => size + Math.min(margins[i]!.after, 0)), -1])
    : x;
  const padded = padSpace(
    seen,
    margins.map(({ before, after }) => [before, Math.max(after, 0)] as const),
  );
  const exchanged = conv3d(
    transpose(padded, [4, 1, 2, 3, 0]),
    transpose(dy, [1, 2, 3, 0, 4]),
    triple(axes, 'dilation'),
    'valid',
    'NDHWC',
    triple(axes, 'stride'),
  );
  return transpose(exchanged, [1, 2, 3, 0, 4]);
}
