import type { ParamsOf, Rescaling } from '@sshn/core';
import type { PairDataset } from '@sshn/data';
import { diceScore, type LabelScores, type ScoreSummary, summarizeScores } from '@sshn/losses';
import type { SegmentationModel } from '../methods/describe-network.js';
import { align } from './align.js';

/** How well pairs are aligned. */
export interface Alignment {
  /** Dice of the warped moving labels with the fixed ones. */
  readonly after: ScoreSummary;
  /** Dice of the labels as they were. */
  readonly before: ScoreSummary;
  /** Mean share of folded voxels, in percent. */
  readonly foldedPercent: number;
}

/** Registers pairs at one rescaling and scores the alignment of their labels. */
export async function alignmentOver(
  model: SegmentationModel,
  params: ParamsOf<SegmentationModel['specs']>,
  dataset: PairDataset,
  ids: readonly string[],
  at: Rescaling,
  options: { readonly integrationSteps: number },
): Promise<Alignment> {
  const labels = dataset.labelNames.length;
  const after: LabelScores[] = [];
  const before: LabelScores[] = [];
  let folded = 0;
  for await (const pair of align(model, params, dataset, ids, at, options)) {
    after.push(diceScore(pair.movedLabels, pair.fixedLabels, { labels }));
    before.push(diceScore(pair.movingLabels, pair.fixedLabels, { labels }));
    folded += pair.field.foldedPercent;
  }
  return {
    after: summarizeScores(after),
    before: summarizeScores(before),
    foldedPercent: folded / ids.length,
  };
}
