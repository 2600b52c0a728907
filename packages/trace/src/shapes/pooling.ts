import {
  type AvgPool3DAttrs,
  type AvgPoolAttrs,
  backend_util,
  type MaxPoolWithArgmaxAttrs,
} from '@tensorflow/tfjs-core';
import { type ShapeTable, shapeOf, shapesOf } from './shape-function.js';

type Shape4D = [number, number, number, number];
type Shape5D = [number, number, number, number, number];

/** Pooling and its gradients. */
export const pooling: ShapeTable = {
  ...shapesOf(
    ['AvgPool', 'MaxPool'],
    shapeOf<'x', AvgPoolAttrs>(({ x }, { filterSize, strides, pad, dimRoundingMode }) => {
      const { outShape } = backend_util.computePool2DInfo(
        x.shape as Shape4D,
        filterSize,
        strides,
        1,
        pad,
        dimRoundingMode,
      );
      return { shape: outShape, dtype: x.dtype };
    }),
  ),
  ...shapesOf(
    ['AvgPool3D', 'MaxPool3D'],
    shapeOf<'x', AvgPool3DAttrs>(({ x }, { filterSize, strides, pad, dimRoundingMode, dataFormat }) => {
      const { outShape } = backend_util.computePool3DInfo(
        x.shape as Shape5D,
        filterSize,
        strides,
        1,
        pad,
        dimRoundingMode,
        dataFormat,
      );
      return { shape: outShape, dtype: 'float32' };
    }),
  ),
  MaxPoolWithArgmax: shapeOf<'x', MaxPoolWithArgmaxAttrs>(({ x }, { filterSize, strides, pad }) => {
    const { outShape } = backend_util.computePool2DInfo(x.shape as Shape4D, filterSize, strides, 1, pad);
    return [
      { shape: outShape, dtype: x.dtype },
      { shape: outShape, dtype: 'int32' },
    ];
  }),
  ...shapesOf(
    ['AvgPoolGrad', 'AvgPool3DGrad', 'MaxPoolGrad', 'MaxPool3DGrad'],
    shapeOf<'input'>(({ input }) => ({ shape: input.shape, dtype: 'float32' })),
  ),
};
