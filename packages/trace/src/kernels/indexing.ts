import { sizeOf } from '@sshn/ops';
import {
  backend_util,
  type FillAttrs,
  type GatherV2Attrs,
  type LinSpaceAttrs,
  type MultinomialAttrs,
  type OneHotAttrs,
  type RangeAttrs,
  type ScatterNdAttrs,
  type SparseToDenseAttrs,
  type TopKAttrs,
  type UnsortedSegmentSumAttrs,
  util,
} from '@tensorflow/tfjs-core';
import { asTensor, type Of, type RuleTable } from './rule.js';

/** Elements by their indices, and indices of elements. */
export const indexing: RuleTable = {
  GatherNd: {
    shapes: ({ params, indices }: Of<'params' | 'indices'>) => ({
      shape: [...indices.shape.slice(0, -1), ...params.shape.slice(indices.shape.at(-1))],
      dtype: params.dtype,
    }),
    work: 'free',
  },
  GatherV2: {
    shapes: ({ x, indices }: Of<'x' | 'indices'>, { axis, batchDims }: GatherV2Attrs) => {
      const [along] = util.parseAxisParam(axis, [...x.shape]);
      const { outputShape } = backend_util.segment_util.collectGatherOpShapeInfo(
        asTensor(x),
        asTensor(indices),
        along!,
        batchDims ?? 0,
      );
      return { shape: outputShape, dtype: x.dtype };
    },
    work: 'free',
  },
  OneHot: {
    shapes: ({ indices }: Of<'indices'>, { depth, dtype }: OneHotAttrs) => ({
      shape: [...indices.shape, depth],
      dtype,
    }),
    work: 'free',
  },
  ScatterNd: {
    shapes: ({ updates }: Of<'indices' | 'updates'>, { shape }: ScatterNdAttrs) => ({
      shape,
      dtype: updates.dtype,
    }),
    work: ({ updates }: Of<'updates'>) => ({ elementwise: sizeOf(updates) }),
  },
  SearchSorted: {
    shapes: ({ values }: Of<'sortedSequence' | 'values'>) => ({ shape: values.shape, dtype: 'int32' }),
    // A bisection per value.
    work: ({ values, sortedSequence }: Of<'sortedSequence' | 'values'>) => ({
      elementwise: sizeOf(values) * Math.ceil(Math.log2(sortedSequence.shape.at(-1)! + 1)),
    }),
  },
  SparseToDense: {
    shapes: ({ sparseValues }: Of<'sparseValues'>, { outputShape }: SparseToDenseAttrs) => ({
      shape: outputShape,
      dtype: sparseValues.dtype,
    }),
    work: 'free',
  },
  TensorScatterUpdate: { shapes: ({ tensor }: Of<'tensor'>) => tensor, work: 'free' },
  TopK: {
    shapes: ({ x }: Of<'x'>, { k }: TopKAttrs) => {
      const shape = x.shape.with(-1, k);
      return [
        { shape, dtype: x.dtype },
        { shape, dtype: 'int32' },
      ];
    },
    work: ({ x }: Of<'x'>) => ({ elementwise: sizeOf(x) }),
  },
  UnsortedSegmentSum: {
    shapes: ({ x, segmentIds }: Of<'x' | 'segmentIds'>, { numSegments }: UnsortedSegmentSumAttrs) => ({
      shape: [numSegments, ...x.shape.slice(segmentIds.shape.length)],
      dtype: x.dtype,
    }),
    work: ({ x }: Of<'x'>) => ({ elementwise: sizeOf(x) }),
  },
};

/** Tensors from attributes alone, or nearly. */
export const creation: RuleTable = {
  Diag: {
    shapes: ({ x }: Of<'x'>) => ({ shape: [...x.shape, ...x.shape], dtype: x.dtype }),
    work: 'free',
  },
  Fill: {
    shapes: (_, { shape, value, dtype }: FillAttrs) => ({
      shape,
      dtype: dtype ?? (typeof value === 'string' ? 'string' : 'float32'),
    }),
    work: 'free',
  },
  LinSpace: {
    shapes: (_, { num }: LinSpaceAttrs) => ({ shape: [num], dtype: 'float32' }),
    work: 'free',
  },
  Range: {
    shapes: (_, { start, stop, step, dtype }: RangeAttrs) => ({
      shape: [rangeLength(start, stop, step)],
      dtype,
    }),
    work: 'free',
  },
  Multinomial: {
    shapes: ({ logits }: Of<'logits'>, { numSamples }: MultinomialAttrs) => ({
      shape: [logits.shape[0]!, numSamples],
      dtype: 'int32',
    }),
    // A walk along the distribution per sample.
    work: ({ logits }: Of<'logits'>, _, [y]) => ({ elementwise: sizeOf(y) * logits.shape.at(-1)! }),
  },
};

/** A range that walks away from its end is empty; one with the default step 1 walks down if it has to. */
function rangeLength(start: number, stop: number, step: number): number {
  const runsAway = (start < stop && step < 0) || (stop < start && step > 1);
  return start === stop || runsAway ? 0 : Math.abs(Math.ceil((stop - start) / step));
}
