import { convolutionMacs, sizeOf, type Work } from '@sshn/ops';
import {
  backend_util,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropInputAttrs,
  type Conv3DAttrs,
  type Conv3DBackpropFilterV2Attrs,
  type Conv3DBackpropInputV2Attrs,
  type Dilation2DAttrs,
  type FusedConv2DAttrs,
  type FusedDepthwiseConv2DAttrs,
} from '@tensorflow/tfjs-core';
import type { TensorShape } from '../graph.js';
import { fusedWork, type Of, product, type RuleTable, rulesFor } from './rule.js';

type Shape3D = [number, number, number];
type Shape4D = [number, number, number, number];
type Shape5D = [number, number, number, number, number];
type Filtered = Of<'x' | 'filter'>;

/** The gradient to a filter: its shape is an attribute. */
const filterGradient = (
  { dy }: Of<'x' | 'dy'>,
  { filterShape }: Conv2DBackpropFilterAttrs | Conv3DBackpropFilterV2Attrs,
): TensorShape => ({ shape: filterShape, dtype: dy.dtype });

/** The gradient to an input, which is also the transposed convolution: its shape is an attribute. */
const inputGradient = (
  { dy }: Of<'dy' | 'filter'>,
  { inputShape }: Conv2DBackpropInputAttrs | Conv3DBackpropInputV2Attrs,
): TensorShape => ({ shape: inputShape, dtype: dy.dtype });

/** Every element of the forward output meets one window of the filter `[height, width, inChannels, multiplier]`. */
const depthwiseMacs = (result: TensorShape, filter: TensorShape): number =>
  sizeOf(result) * product(filter.shape.slice(0, 2));

/** An addition and a comparison per element of the window. */
const dilationWork = (filter: TensorShape, result: TensorShape): Work => ({
  elementwise: 2 * sizeOf(result) * product(filter.shape.slice(0, 2)),
});

/** Convolutions, alone or fused with bias and activation, and their gradients. */
export const convolution: RuleTable = {
  ...rulesFor(['Conv2D', 'FusedConv2D'], {
    shapes: (
      { x, filter }: Filtered,
      { strides, pad, dilations, dimRoundingMode, dataFormat }: FusedConv2DAttrs,
    ) => {
      const { outShape } = backend_util.computeConv2DInfo(
        x.shape as Shape4D,
        filter.shape as Shape4D,
        strides,
        dilations,
        pad,
        dimRoundingMode,
        false,
        backend_util.convertConv2DDataFormat(dataFormat),
      );
      return { shape: outShape, dtype: x.dtype };
    },
    work: (inputs: Filtered, attributes: FusedConv2DAttrs, [y]) => ({
      macs: convolutionMacs(y, inputs.filter),
      elementwise: fusedWork(inputs, attributes, y),
    }),
  }),
  ...rulesFor(['DepthwiseConv2dNative', 'FusedDepthwiseConv2D'], {
    shapes: (
      { x, filter }: Filtered,
      { strides, pad, dilations, dimRoundingMode }: FusedDepthwiseConv2DAttrs,
    ) => {
      const { outShape } = backend_util.computeConv2DInfo(
        x.shape as Shape4D,
        filter.shape as Shape4D,
        strides,
        dilations ?? 1,
        pad,
        dimRoundingMode,
        true,
      );
      return { shape: outShape, dtype: x.dtype };
    },
    work: (inputs: Filtered, attributes: FusedDepthwiseConv2DAttrs, [y]) => ({
      macs: depthwiseMacs(y, inputs.filter),
      elementwise: fusedWork(inputs, attributes, y),
    }),
  }),
  Conv3D: {
    shapes: ({ x, filter }: Filtered, { strides, pad, dilations }: Conv3DAttrs) => {
      const { outShape } = backend_util.computeConv3DInfo(
        x.shape as Shape5D,
        filter.shape as Shape5D,
        strides,
        dilations,
        pad,
      );
      return { shape: outShape, dtype: x.dtype };
    },
    work: ({ filter }: Filtered, _, [y]) => ({ macs: convolutionMacs(y, filter) }),
  },
  ...rulesFor(['Conv2DBackpropFilter', 'Conv3DBackpropFilterV2'], {
    shapes: filterGradient,
    work: ({ dy }: Of<'dy'>, _, [y]) => ({ macs: convolutionMacs(dy, y) }),
  }),
  ...rulesFor(['Conv2DBackpropInput', 'Conv3DBackpropInputV2'], {
    shapes: inputGradient,
    work: ({ dy, filter }: Of<'dy' | 'filter'>) => ({ macs: convolutionMacs(dy, filter) }),
  }),
  DepthwiseConv2dNativeBackpropFilter: {
    shapes: filterGradient,
    work: ({ dy }: Of<'dy'>, _, [y]) => ({ macs: depthwiseMacs(dy, y) }),
  },
  DepthwiseConv2dNativeBackpropInput: {
    shapes: inputGradient,
    work: ({ dy, filter }: Of<'dy' | 'filter'>) => ({ macs: depthwiseMacs(dy, filter) }),
  },
  Dilation2D: {
    shapes: ({ x, filter }: Filtered, { strides, pad, dilations }: Dilation2DAttrs) => {
      const { outShape } = backend_util.computeDilation2DInfo(
        x.shape as Shape4D,
        filter.shape as Shape3D,
        strides,
        pad,
        'NHWC',
        dilations,
      );
      return { shape: outShape, dtype: x.dtype };
    },
    work: ({ filter }: Filtered, _, [y]) => dilationWork(filter, y),
  },
  Dilation2DBackpropInput: {
    shapes: ({ x }: Of<'x'>) => x,
    work: ({ dy, filter }: Of<'dy' | 'filter'>) => dilationWork(filter, dy),
  },
  Dilation2DBackpropFilter: {
    shapes: ({ filter }: Of<'filter'>) => filter,
    work: ({ dy, filter }: Of<'dy' | 'filter'>) => dilationWork(filter, dy),
  },
};
