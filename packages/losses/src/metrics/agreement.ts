import { requireIntegers, ValueError } from '@sshn/core';

/** Labels and how much other answers agree with them. */
export interface Agreement {
  /**
   * Of each label but the background: Dice of its pixels with its mean probability, in [0, 1]; NaN where the label has no pixel and less
   * than one pixel's worth of probability.
   */
  readonly dice: readonly number[];
  /**
   * Of each label but the background: its pixels and its probability, summed, by which its Dice was divided. Dice of the parts of an image,
   * weighted by these, have that of the whole image as their mean.
   */
  readonly sums: readonly number[];
  /** Of every pixel: the share of the mean probability that its label does not have, in [0, 1]. */
  readonly uncertainty: Float32Array;
}

/**
 * How far labels agree with probabilities, such as the mean softmax of several networks, one of which gave the labels:
 * Dice 2 Σ yₗpₗ / (Σ yₗ + Σ pₗ) of each label l, where y is 1 at its pixels; and of each pixel 1 − p of its label.
 *
 * Both contain two things: that the networks disagree, and that they are undecided. For one network alone it is the second.
 *
 * @param labels Of each pixel, integers 0 … count − 1.
 * @param probabilities `[pixels, count]`, each row with the sum 1.
 * @param count How many labels there are, the background included.
 * @throws {ValueError} if the lengths do not fit, or at the first value that is no label.
 *
 * *Source*: soft Dice of Milletari et al., "V-Net" (2016), with the labels in the place of the truth.
 *
 * @example
 * agreement([0, 1], [0.8, 0.2, 0.4, 0.6], 2).dice;   // [2 · 0.6 / (1 + 0.8)]
 */
export function agreement(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  count: number,
): Agreement {
  requireIntegers('agreement', { count });
  if (probabilities.length !== labels.length * count) {
    throw new ValueError({
      where: 'agreement: probabilities',
      got: probabilities.length,
      expected: `${count} for each of ${labels.length} pixels, ${labels.length * count}`,
    });
  }
  const [pixels, masses, shared] = [
    new Float64Array(count),
    new Float64Array(count),
    new Float64Array(count),
  ];
  const uncertainty = new Float32Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (!(Number.isInteger(label) && label >= 0 && label < count)) {
      throw new ValueError({
        where: `agreement: label at index ${i}`,
        got: label,
        expected: `an integer from 0 to ${count - 1}`,
      });
    }
    for (let l = 0; l < count; l++) masses[l]! += probabilities[i * count + l]!;
    const own = probabilities[i * count + label]!;
    pixels[label]! += 1;
    shared[label]! += own;
    // Rounding may leave a probability above 1.
    uncertainty[i] = Math.max(0, 1 - own);
  }
  const dice = Array.from({ length: count - 1 }, (_, i) => {
    const l = i + 1;
    const isAbsent = pixels[l] === 0 && masses[l]! < 1;
    return isAbsent ? Number.NaN : (2 * shared[l]!) / (pixels[l]! + masses[l]!);
  });
  const sums = dice.map((_, i) => pixels[i + 1]! + masses[i + 1]!);
  return { dice, sums, uncertainty };
}

/** The most probable label of each pixel; of equal ones the first. @param probabilities `[pixels, count]` */
export function mostProbable(probabilities: ArrayLike<number>, count: number): Uint8Array {
  const labels = new Uint8Array(probabilities.length / count);
  for (let i = 0; i < labels.length; i++) {
    let best = 0;
    for (let l = 1; l < count; l++)
      if (probabilities[i * count + l]! > probabilities[i * count + best]!) best = l;
    labels[i] = best;
  }
  return labels;
}
