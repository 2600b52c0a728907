import {
  backend_util,
  type GatherV2Attrs,
  type OneHotAttrs,
  type ScatterNdAttrs,
  type SparseToDenseAttrs,
  type TopKAttrs,
  type UnsortedSegmentSumAttrs,
  util,
} from '@tensorflow/tfjs-core';
import { asTensor, type ShapeTable, shapeOf } from './shape-function.js';

/** Elements by their indices, and indices of elements. */
export const indexing: ShapeTable = {
  GatherNd: shapeOf<'params' | 'indices'>(({ params, indices }) => ({
    shape: [...indices.shape.slice(0, -1), ...params.shape.slice(indices.shape.at(-1))],
    dtype: params.dtype,
  })),
  GatherV2: shapeOf<'x' | 'indices', GatherV2Attrs>(({ x, indices }, { axis, batchDims }) => {
    const [along] = util.parseAxisParam(axis, [...x.shape]);
    const { outputShape } = backend_util.segment_util.collectGatherOpShapeInfo(
      asTensor(x),
      asTensor(indices),
      along!,
      batchDims ?? 0,
    );
    return { shape: outputShape, dtype: x.dtype };
  }),
  OneHot: shapeOf<'indices', OneHotAttrs>(({ indices }, { depth, dtype }) => ({
    shape: [...indices.shape, depth],
    dtype,
  })),
  ScatterNd: shapeOf<'indices' | 'updates', ScatterNdAttrs>(({ updates }, { shape }) => ({
    shape,
    dtype: updates.dtype,
  })),
  SearchSorted: shapeOf<'sortedSequence' | 'values'>(({ values }) => ({
    shape: values.shape,
    dtype: 'int32',
  })),
  SparseToDense: shapeOf<'sparseValues', SparseToDenseAttrs>(({ sparseValues }, { outputShape }) => ({
    shape: outputShape,
    dtype: sparseValues.dtype,
  })),
  TensorScatterUpdate: shapeOf<'tensor'>(({ tensor }) => tensor),
  TopK: shapeOf<'x', TopKAttrs>(({ x }, { k }) => {
    const shape = x.shape.with(-1, k);
    return [
      { shape, dtype: x.dtype },
      { shape, dtype: 'int32' },
    ];
  }),
  UnsortedSegmentSum: shapeOf<'x' | 'segmentIds', UnsortedSegmentSumAttrs>(
    ({ x, segmentIds }, { numSegments }) => ({
      shape: [numSegments, ...x.shape.slice(segmentIds.shape.length)],
      dtype: x.dtype,
    }),
  ),
};
