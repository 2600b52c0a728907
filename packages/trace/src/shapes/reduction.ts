import { backend_util, type DataType, type MaxAttrs, type SumAttrs, util } from '@tensorflow/tfjs-core';
import type { TensorShape } from '../graph.js';
import { type ShapeFunction, type ShapeTable, shapeOf, shapesOf } from './shape-function.js';

/** Sums, extremes and counts along axes. */
export const reduction: ShapeTable = {
  ...shapesOf(
    ['All', 'Any'],
    reduceTo(() => 'bool'),
  ),
  Max: shapeOf<'x', MaxAttrs>(({ x }, { reductionIndices, keepDims }) => ({
    shape: reducedShape(x, reductionIndices, keepDims),
    dtype: x.dtype,
  })),
  Min: reduceTo((dtype) => dtype),
  ...shapesOf(
    ['Prod', 'Sum'],
    reduceTo((dtype) => backend_util.upcastType(dtype, 'int32')),
  ),
  ...shapesOf(
    ['ArgMax', 'ArgMin'],
    reduceTo(() => 'int32'),
  ),
  Mean: reduceTo(() => 'float32'),
  Bincount: shapeOf<'x' | 'weights', { size: number }>(({ weights }, { size }) => ({
    shape: [size],
    dtype: weights.dtype,
  })),
  DenseBincount: shapeOf<'x' | 'weights', { size: number }>(({ x, weights }, { size }) => ({
    shape: [...x.shape.slice(0, -1), size],
    dtype: weights.dtype,
  })),
};

function reduceTo(resultType: (dtype: DataType) => DataType): ShapeFunction {
  return shapeOf<'x', SumAttrs>(({ x }, { axis, keepDims }) => ({
    shape: reducedShape(x, axis, keepDims),
    dtype: resultType(x.dtype),
  }));
}

/** No axis stands for all of them; kernels without `keepDims` drop the axis. */
function reducedShape({ shape }: TensorShape, axis: number | number[], keepDims = false): number[] {
  const reduced = util.parseAxisParam(axis, [...shape]);
  return shape.flatMap((n, i) => (reduced.includes(i) ? (keepDims ? [1] : []) : [n]));
}
