import { requireIntegers, ValueError } from '@sshn/core';

/** Pixels by label: what overlap metrics are made of. Each list has one entry per label, the background first. */
export interface ConfusionCounts {
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
 * @throws {ValueError} if the lengths differ, or at the first value that is no label.
 * @example
 * confusionCounts([0, 1, 1], [0, 1, 0], 2).falsePositives;   // [0, 1]
 */
export function confusionCounts(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  labels: number,
): ConfusionCounts {
  requireIntegers('confusionCounts', { labels });
  const pixels = truth.length;
  if (predicted.length !== pixels) {
    throw new ValueError({
      where: 'confusionCounts',
      got: predicted.length,
      expected: `as many predicted labels as true ones, ${pixels}`,
    });
  }
  const truePositives = new Array<number>(labels).fill(0);
  const falsePositives = new Array<number>(labels).fill(0);
  const falseNegatives = new Array<number>(labels).fill(0);
  for (let i = 0; i < pixels; i++) {
    const p = predicted[i]!;
    const t = truth[i]!;
    // An index out of range or a fraction finds no counter.
    if (truePositives[p] === undefined) throw noLabel('predicted', p, i, labels);
    if (truePositives[t] === undefined) throw noLabel('true', t, i, labels);
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
