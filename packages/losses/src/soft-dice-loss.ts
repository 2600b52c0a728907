import { dispatch, ValueError } from '@sshn/core';
import {
  add,
  div,
  mul,
  type Scalar,
  softmax,
  square,
  sub,
  sum,
  type Tensor,
  tensor1d,
} from '@tensorflow/tfjs-core';
import { asFloat, checkLabels, comparable, labelCount, oneHotLabels } from './inputs.js';
import { type ValueAndGradient, withOwnGradient } from './own-gradient.js';
import { sumAll, sumSpatial } from './reduce.js';

/** How `softDiceLoss` counts. */
export interface SoftDiceOptions {
  /** Squares in the denominator, `Σp² + Σt²`, rather than `Σp + Σt`. @default true */
  readonly squaredDenominator?: boolean;
  /** Added to numerator and denominator, > 0. @default 1e-7 */
  readonly smooth?: number;
  /** Whether label 0 counts. @default false */
  readonly includeBackground?: boolean;
  /** A Dice for each sample, then their mean, rather than one Dice over the pixels of the whole batch. @default true */
  readonly perSample?: boolean;
}

/**
 * Soft Dice loss of softmax(logits): one minus the mean Dice over foreground labels and samples.
 *
 * With `p = softmax(z)`, sums over the pixels of a sample and the mean over samples b and labels l:
 *
 * `loss = 1 − mean_bl (2 Σ p t + smooth) / (Σ p² + Σ t² + smooth)`
 *
 * Result in [0, 1]. A label that a sample lacks counts as a miss (close to 1) unless its predicted probabilities
 * vanish; its gradient is of order `smooth`, so it neither explodes nor drives training.
 *
 * @param logits `[batch, ...spatial, labels]`, label 0 the background.
 * @param labels int32 `[batch, ...spatial]`, or float32 `[batch, ...spatial, labels]`: one-hot, or soft. No gradient
 *   flows to them, and values of integer labels are not looked at.
 * @throws {ShapeError} if the shapes do not fit together.
 * @throws {ValueError} if `smooth` is not a positive number, or labels without a label axis are not int32.
 * @example
 * const loss = softDiceLoss(logits, labels, { includeBackground: true });
 *
 * *Source*: Milletari et al., "V-Net" (2016), section 3. Defaults as in pylot, the paper author's library, but for
 * the background, which the paper leaves out of its scores.
 */
export function softDiceLoss(logits: Tensor, labels: Tensor, options: SoftDiceOptions = {}): Scalar {
  const { squaredDenominator = true, smooth = 1e-7, includeBackground = false, perSample = true } = options;
  checkLabels('softDiceLoss', logits, labels);
  if (!(smooth > 0 && smooth < Infinity)) {
    throw new ValueError({ where: 'softDiceLoss: smooth', got: smooth, expected: 'a positive number' });
  }
  const settings = { squaredDenominator, smooth, includeBackground, perSample };
  return withOwnGradient(logits, (input) => {
    const z = asFloat(input);
    const truth = comparable(z, labels);
    return dispatch('SshnSoftDice', { logits: z, labels: truth }, settings, () =>
      composed(z, truth, settings),
    ) as ValueAndGradient;
  });
}

function composed(logits: Tensor, labels: Tensor, settings: Required<SoftDiceOptions>): ValueAndGradient {
  const { squaredDenominator, smooth, perSample } = settings;
  const sumPixels = (x: Tensor) => (perSample ? sumSpatial(x) : sum(sumSpatial(x), 0, true));
  const weights = labelWeights(logits, settings);
  const p = softmax(logits);
  const t = oneHotLabels(logits, labels);
  const overlap = sumPixels(mul(p, t));
  const size = squaredDenominator
    ? add(sumPixels(square(p)), sumPixels(square(t)))
    : add(sumPixels(p), sumPixels(t));
  const denominator = add(size, smooth);
  const dice = div(add(mul(overlap, 2), smooth), denominator);
  const scale = div(mul(weights, -2), denominator);
  const toProbabilities = mul(scale, sub(t, squaredDenominator ? mul(dice, p) : mul(dice, 0.5)));
  const weighted = mul(p, toProbabilities);
  return [sub(1, sumAll(mul(dice, weights))), sub(weighted, mul(p, sum(weighted, -1, true)))];
}

/** What each label's Dice counts in the mean: `[labels]`, summing to 1 over labels and samples. */
function labelWeights(
  logits: Tensor,
  { includeBackground, perSample }: { includeBackground: boolean; perSample: boolean },
): Tensor {
  const count = labelCount(logits);
  const scored = (includeBackground ? count : count - 1) * (perSample ? logits.shape[0]! : 1);
  return tensor1d(
    Array.from({ length: count }, (_, label) => (label === 0 && !includeBackground ? 0 : 1 / scored)),
  );
}
