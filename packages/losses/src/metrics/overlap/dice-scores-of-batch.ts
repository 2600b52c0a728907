import { argMax, type Tensor } from '@tensorflow/tfjs-core';
import { checkLabels, labelCount } from '../../input/check-labels.js';
import { predictLabels } from '../../predict-labels.js';
import type { LabelScores, ScoreOptions } from '../summary/label-scores.js';
import { diceScore } from './named-scores.js';

/**
 * `diceScore` of every sample of a batch, from logits.
 *
 * @param logits `[batch, ...spatial, labels]`, label 0 the background.
 * @param labels int32 `[batch, ...spatial]`, or one-hot `[batch, ...spatial, labels]`.
 * @throws {ShapeError} if the shapes do not fit together.
 * @throws {ValueError} at the first true label that is none, or if labels without a label axis are not int32.
 * @example
 * const scores = await diceScoresOfBatch(network.apply(params, images, at), labels);
 * const { mean } = summarizeScores(scores);
 */
export async function diceScoresOfBatch(
  logits: Tensor,
  labels: Tensor,
  options: ScoreOptions = {},
): Promise<LabelScores[]> {
  checkLabels('diceScoresOfBatch', logits, labels);
  const predicted = await read(predictLabels(logits));
  const truth = labels.rank === logits.rank ? await read(argMax(labels, -1)) : await labels.data();
  const samples = logits.shape[0]!;
  const pixels = truth.length / samples;
  return Array.from({ length: samples }, (_, i) =>
    diceScore(
      predicted.subarray(i * pixels, (i + 1) * pixels),
      truth.subarray(i * pixels, (i + 1) * pixels),
      { ...options, labels: labelCount(logits) },
    ),
  );
}

async function read(tensor: Tensor): Promise<Int32Array> {
  try {
    return (await tensor.data()) as Int32Array;
  } finally {
    tensor.dispose();
  }
}
