import { ValueError } from '@sshn/core';
import type { Task } from '../input/loss.js';
import {
  checkPixelOptions,
  checkWeightCount,
  checkWeights,
  isPositive,
  requireNumber,
} from '../input/options.js';

/** Which labels a loss over regions (or boundaries) scores. */
export interface ScoredLabels {
  /** What the channels stand for. @default 'multiclass' */
  readonly task?: Task;
  /** Whether label 0 of `'multiclass'` counts; the other tasks have no background channel. @default false */
  readonly includeBackground?: boolean;
  /** A weight ≥ 0 for each channel in the mean, the background first. @default 1 each */
  readonly classWeights?: readonly number[];
  /** True label whose pixels do not count, nor its channel. */
  readonly ignoreLabel?: number;
}

/** What all losses over regions have in common. */
export interface RegionOptions extends ScoredLabels {
  /** False where the network puts out probabilities; no softmax or sigmoid is taken then. @default true */
  readonly fromLogits?: boolean;
  /** Added to numerator and denominator, > 0. @default 1e-7 */
  readonly smooth?: number;
  /** A score for each sample, then their mean, rather than one score over the pixels of the whole batch. @default true */
  readonly perSample?: boolean;
}

/** @throws {ValueError | OptionError} if an option is out of range, whatever the logits. */
export function checkScoredLabels(where: string, options: ScoredLabels): void {
  const { task = 'multiclass', includeBackground = false, classWeights, ignoreLabel } = options;
  checkPixelOptions(where, { task, ignoreLabel });
  if (classWeights !== undefined) checkWeights(`${where}: classWeights`, classWeights);
  if (includeBackground && task !== 'multiclass') {
    throw new ValueError({
      where: `${where}: includeBackground`,
      got: includeBackground,
      expected: `false for task '${task}'`,
      hint: 'Only multiclass has a channel for the background; here every channel counts.',
    });
  }
}

/** @throws {ValueError | OptionError} if an option is out of range, whatever the logits. */
export function checkRegionOptions(where: string, options: RegionOptions): void {
  checkScoredLabels(where, options);
  requireNumber(`${where}: smooth`, options.smooth ?? 1e-7, isPositive, 'a positive number');
}

/**
 * What each of `count` channels weighs in a mean: summing to 1, 0 for those that are not scored.
 *
 * @throws {ValueError} if there are not `count` class weights, or nothing is left to score.
 */
export function channelWeights(where: string, count: number, options: ScoredLabels): number[] {
  const { task = 'multiclass', includeBackground = false, classWeights, ignoreLabel } = options;
  if (classWeights !== undefined) checkWeightCount(`${where}: classWeights`, classWeights, count);
  const weights = Array.from({ length: count }, (_, label) => {
    const isBackground = task === 'multiclass' && label === 0 && !includeBackground;
    // The one channel of a binary task is its label 1; an ignored 0 or 1 there leaves it scored.
    const isIgnored = label === ignoreLabel && task !== 'binary';
    return isBackground || isIgnored ? 0 : (classWeights?.[label] ?? 1);
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total > 0) return weights.map((weight) => weight / total);
  throw new ValueError({
    where,
    got: { includeBackground, ignoreLabel, classWeights },
    expected: `at least one of ${count} labels to score`,
  });
}
