import {
  backend_util,
  type Conv2DAttrs,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropInputAttrs,
  type Conv3DAttrs,
  type Conv3DBackpropFilterV2Attrs,
  type Conv3DBackpropInputV2Attrs,
  type DepthwiseConv2dNativeAttrs,
  type Dilation2DAttrs,
} from '@tensorflow/tfjs-core';
import type { TensorShape } from '../graph.js';
import { type ShapeTable, shapeOf, shapesOf } from './shape-function.js';

type Shape3D = [number, number, number];
type Shape4D = [number, number, number, number];
type Shape5D = [number, number, number, number, number];

const conv2D = shapeOf<'x' | 'filter', Conv2DAttrs>(
  ({ x, filter }, { strides, pad, dilations, dimRoundingMode, dataFormat }) => {
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
);

const depthwise = shapeOf<'x' | 'filter', DepthwiseConv2dNativeAttrs>(
  ({ x, filter }, { strides, pad, dilations, dimRoundingMode }) => {
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
);

/** The gradient to a filter: its shape is an attribute. */
const filterGradient = shapeOf<'x' | 'dy', Conv2DBackpropFilterAttrs | Conv3DBackpropFilterV2Attrs>(
  ({ dy }, { filterShape }) => ({ shape: filterShape, dtype: dy.dtype }),
);

/** The gradient to an input, which is also the transposed convolution: its shape is an attribute. */
const inputGradient = shapeOf<'dy' | 'filter', Conv2DBackpropInputAttrs | Conv3DBackpropInputV2Attrs>(
  ({ dy }, { inputShape }) => ({ shape: inputShape, dtype: dy.dtype }),
);

/** Convolutions, alone or fused with bias and activation, and their gradients. */
export const convolution: ShapeTable = {
  ...shapesOf(['Conv2D', 'FusedConv2D'], conv2D),
  ...shapesOf(['DepthwiseConv2dNative', 'FusedDepthwiseConv2D'], depthwise),
  Conv3D: shapeOf<'x' | 'filter', Conv3DAttrs>(({ x, filter }, { strides, pad, dilations }) => {
    const { outShape } = backend_util.computeConv3DInfo(
      x.shape as Shape5D,
      filter.shape as Shape5D,
      strides,
      dilations,
      pad,
    );
    return { shape: outShape, dtype: x.dtype };
  }),
  ...shapesOf(
    ['Conv2DBackpropFilter', 'Conv3DBackpropFilterV2', 'DepthwiseConv2dNativeBackpropFilter'],
    filterGradient,
  ),
  ...shapesOf(
    ['Conv2DBackpropInput', 'Conv3DBackpropInputV2', 'DepthwiseConv2dNativeBackpropInput'],
    inputGradient,
  ),
  Dilation2D: shapeOf<'x' | 'filter', Dilation2DAttrs>(({ x, filter }, { strides, pad, dilations }) => {
    const { outShape } = backend_util.computeDilation2DInfo(
      x.shape as Shape4D,
      filter.shape as Shape3D,
      strides,
      pad,
      'NHWC',
      dilations,
    );
    return { shape: outShape, dtype: x.dtype };
  }),
  Dilation2DBackpropInput: likeInput('x'),
  Dilation2DBackpropFilter: likeInput('filter'),
};

function likeInput(name: string) {
  return shapeOf<string>((inputs): TensorShape => inputs[name]!);
}
