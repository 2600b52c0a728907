import { requireIntegers, ValueError } from '@sshn/core';

/** Pixels by label: what overlap metrics are made of. Each list has one entry per label, the background first. */
export interface ConfusionCounts {
  /** How many pixels count: all but the ignored ones. */
  readonly pixels: number;
  readonly truePositives: readonly number[];
  readonly falsePositives: readonly number[];
  readonly falseNegatives: readonly number[];
  readonly trueNegatives: readonly number[];
}

/**
 * Counts, label by label, where a prediction and the truth agree and differ.
 *
 * @param predicted Labels of one case in any order of pixels, integers 0 … labels − 1.
 * @param truth The same pixels' true labels.
 * @param labels How many labels there are, the background included.
 * @param options.ignoreLabel Pixels of this true label do not count; it may be no label at all: 255, −1.
 * @throws {ValueError} if the lengths differ, or at the first value that is no label.
 * @example
 * confusionCounts([0, 1, 1], [0, 1, 0], 2).falsePositives;   // [0, 1]
 */
export function confusionCounts(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  labels: number,
  { ignoreLabel }: { readonly ignoreLabel?: number } = {},
): ConfusionCounts {
  requireIntegers('confusionCounts', { labels });
  if (predicted.length !== truth.length) {
    throw new ValueError({
      where: 'confusionCounts',
      got: predicted.length,
      expected: `as many predicted labels as true ones, ${truth.length}`,
    });
  }
  const truePositives = new Array<number>(labels).fill(0);
  const falsePositives = new Array<number>(labels).fill(0);
  const falseNegatives = new Array<number>(labels).fill(0);
  let pixels = 0;
  for (let i = 0; i < truth.length; i++) {
    const p = predicted[i]!;
    const t = truth[i]!;
    if (t === ignoreLabel) continue;
    // An index out of range or a fraction finds no counter.
    if (truePositives[p] === undefined) throw noLabel('predicted', p, i, labels);
    if (truePositives[t] === undefined) throw noLabel('true', t, i, labels);
    pixels++;
    if (p === t) truePositives[p]! += 1;
    else {
      falsePositives[p]! += 1;
      falseNegatives[t]! += 1;
    }
  }
  const trueNegatives = truePositives.map(
    (hits, l) => pixels - hits - falsePositives[l]! - falseNegatives[l]!,
  );
  return { pixels, truePositives, falsePositives, falseNegatives, trueNegatives };
}

function noLabel(which: string, got: number, index: number, labels: number): ValueError {
  return new ValueError({
    where: `confusionCounts: ${which} label at index ${index}`,
    got,
    expected: `an integer from 0 to ${labels - 1}`,
  });
}
