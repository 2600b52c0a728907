import { rescaling } from '@sshn/core';
import type { Dataset } from '@sshn/data';
import { gflopsAt, type SegmentationModel } from '@sshn/training';

/** Combinations of separate factors, those that cost the fewest FLOPs first. */
export function byCost(
  model: Pick<SegmentationModel, 'network'>,
  dataset: Pick<Dataset, 'size' | 'channels'>,
  combinations: ReadonlyArray<readonly number[]>,
): Array<readonly number[]> {
  return combinations
    .map((factors) => ({ factors, gflops: gflopsAt(model, dataset, rescaling(factors)) }))
    .sort((a, b) => a.gflops - b.gflops)
    .map(({ factors }) => factors);
}
