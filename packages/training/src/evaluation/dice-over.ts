import type { ParamsOf, Rescaling } from '@sshn/core';
import type { Dataset } from '@sshn/data';
import { diceScore, type LabelScores, type ScoreSummary, summarizeScores } from '@sshn/losses';
import type { SegmentationModel } from '../methods/describe-network.js';
import { segment } from './segment.js';

/** Hard Dice of a model over images at one rescaling; see `summarizeScores` for what is undefined and counted. */
export async function diceOver(
  model: SegmentationModel,
  params: ParamsOf<SegmentationModel['specs']>,
  dataset: Dataset,
  ids: readonly string[],
  at: Rescaling,
  batchSize: number,
): Promise<ScoreSummary> {
  const scores: LabelScores[] = [];
  for await (const { batch, predicted } of segment(model, params, dataset, ids, at, batchSize)) {
    const pixels = predicted.length / batch.ids.length;
    for (let i = 0; i < batch.ids.length; i++) {
      const part = <A extends Int32Array>(values: A) => values.subarray(i * pixels, (i + 1) * pixels);
      scores.push(diceScore(part(predicted), part(batch.labels), { labels: dataset.labelNames.length }));
    }
  }
  return summarizeScores(scores);
}
