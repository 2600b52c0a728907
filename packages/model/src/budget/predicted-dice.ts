import type { Cascade } from '../manifest/schema.js';

/** The Dice that is expected of labels whose truth is not known. */
export interface PredictedDice {
  /** Of each label but the background; null where it does not occur, or was fitted to too few images. */
  readonly labels: ReadonlyArray<{ readonly dice: number; readonly error: number } | null>;
  /** Over the labels that have one; null where none has. */
  readonly mean: number | null;
  /** How far off the mean is for an image that the model has not seen, on average over validation images. */
  readonly error: number;
}

/**
 * The Dice of labels from how far they agree with mean probabilities, by what was fitted to validation images.
 *
 * @param agreement Of each label but the background, as `agreement` of @sshn/losses gives it; NaN where it does not occur.
 */
export function predictDice(
  { labels, error }: Pick<Cascade['rungs'][number], 'labels' | 'error'>,
  agreement: readonly number[],
): PredictedDice {
  const predicted = labels.map((line, i) => {
    const x = agreement[i] ?? Number.NaN;
    if (line === null || Number.isNaN(x)) return null;
    return { dice: Math.min(1, Math.max(0, line.intercept + line.slope * x)), error: line.error };
  });
  const known = predicted.flatMap((one) => one?.dice ?? []);
  const mean = known.length === 0 ? null : known.reduce((sum, dice) => sum + dice, 0) / known.length;
  return { labels: predicted, mean, error };
}
