import {
  fill,
  greaterEqual,
  less,
  logicalAnd,
  reshape,
  scatterND,
  slice,
  type Tensor,
  UnsortedSegmentSum,
  type UnsortedSegmentSumAttrs,
  where,
} from '@tensorflow/tfjs-core';
import { composedKernel } from './kernel.js';

/** Through `ScatterNd`, which adds up rows of equal index. As on other backends, rows of any other id are dropped. */
export const unsortedSegmentSum = composedKernel<{ x: Tensor; segmentIds: Tensor }, UnsortedSegmentSumAttrs>(
  UnsortedSegmentSum,
  'missing',
  ({ x, segmentIds }, { numSegments }) => {
    const rowShape = x.shape.slice(segmentIds.rank);
    const isSegment = logicalAnd(greaterEqual(segmentIds, 0), less(segmentIds, numSegments));
    // ScatterNd does not check indices: one more row takes those that are out of range.
    const ids = where(isSegment, segmentIds, fill(segmentIds.shape, numSegments, 'int32'));
    const sums = scatterND(reshape(ids, [segmentIds.size, 1]), reshape(x, [segmentIds.size, ...rowShape]), [
      numSegments + 1,
      ...rowShape,
    ]);
    return slice(sums, 0, numSegments);
  },
);
