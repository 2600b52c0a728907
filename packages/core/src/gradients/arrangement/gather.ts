import {
  GatherNd,
  GatherV2,
  type GatherV2Attrs,
  type GradConfig,
  gatherND,
  ScatterNd,
  scatterND,
  type Tensor,
  zeros,
} from '@tensorflow/tfjs-core';
import { entry } from '../entry.js';
import { scatterAxis } from './scatter.js';

/** Picking entries by index, and its transpose, adding them up by index. Overrides the stock ones, which need `UnsortedSegmentSum` (absent on wasm) and refuse more than one batch axis. */
export const gather: readonly GradConfig[] = [
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
];
