import {
  concat,
  fill,
  GatherNd,
  GatherV2,
  type GatherV2Attrs,
  type GradConfig,
  gather,
  gatherND,
  greaterEqual,
  less,
  logicalAnd,
  ScatterNd,
  scatterND,
  type Tensor,
  UnsortedSegmentSum,
  type UnsortedSegmentSumAttrs,
  where,
  zeros,
} from '@tensorflow/tfjs-core';
import { entry } from '../entry.js';
import { scatterAxis } from './scatter.js';

/**
 * Picking entries by index, and its transpose, adding them up by index. Overrides the stock ones, which need
 * `UnsortedSegmentSum` (absent on wasm) and refuse more than one batch axis.
 */
export const gathering = (): readonly GradConfig[] => [
  entry<GatherV2Attrs>(GatherV2, {
    save: ['x', 'indices'],
    gradients: (dy, [x, indices], { axis, batchDims }) => ({
      x: () => scatterAxis(dy, indices!, x!.shape, axis, batchDims),
      indices: () => zeros(indices!.shape),
    }),
  }),
  entry(GatherNd, {
    save: ['params', 'indices'],
    gradients: (dy, [params, indices]) => ({
      params: () => scatterND(indices!, dy, params!.shape),
      indices: () => zeros(indices!.shape),
    }),
  }),
  entry(ScatterNd, {
    save: ['indices'],
    gradients: (dy, [indices]) => ({
      updates: (): Tensor => gatherND(dy, indices!),
      indices: () => zeros(indices!.shape),
    }),
  }),
  entry<UnsortedSegmentSumAttrs>(UnsortedSegmentSum, {
    save: ['segmentIds'],
    gradients: (dy, [segmentIds], { numSegments }) => ({
      x: () => gatherSegments(dy, segmentIds!, numSegments),
      segmentIds: () => zeros(segmentIds!.shape),
    }),
  }),
];

/** Gives every row the gradient of its segment, and 0 to rows of no segment. */
function gatherSegments(dy: Tensor, segmentIds: Tensor, count: number): Tensor {
  const padded = concat([dy, zeros([1, ...dy.shape.slice(1)])], 0);
  const isSegment = logicalAnd(greaterEqual(segmentIds, 0), less(segmentIds, count));
  return gather(padded, where(isSegment, segmentIds, fill(segmentIds.shape, count, 'int32')));
}
