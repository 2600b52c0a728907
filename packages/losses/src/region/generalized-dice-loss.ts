import { requireOption } from '@sshn/core';
import { div, equal, min, onesLike, type Scalar, square, type Tensor, where } from '@tensorflow/tfjs-core';
import { regionLoss } from './region-loss.js';
import type { RegionOptions } from './region-options.js';

/** How a label's weight follows from its true size T, up to a common factor: `1 / T²`, `1 / T` or 1. */
export type SizeWeighting = (typeof sizeWeightings)[number];
export const sizeWeightings = ['square', 'simple', 'uniform'] as const;

/** How `generalizedDiceLoss` counts. */
export interface GeneralizedDiceOptions extends Omit<RegionOptions, 'classWeights'> {
  /** @default 'square' */
  readonly weighting?: SizeWeighting;
  /** Squares in the denominator, `Σp² + Σt²`, rather than `Σp + Σt`. @default false */
  readonly squaredDenominator?: boolean;
}

/**
 * Generalized Dice loss: one Dice over all labels together, in which small labels weigh as much as large ones.
 *
 * `loss = 1 − mean_b (2 Σ_l w_l Σ p t + smooth) / (Σ_l w_l (Σ p + Σ t) + smooth)`, `w_l = (min_k T_k / T_l)²`, `T = Σ t`
 *
 * Weights are relative to the heaviest, so that `smooth` stays small beside the sums however large the labels are. Result in
 * [0, 1]. A label that is absent from the truth weighs as much as the heaviest that is present, 1: predicting it costs, as in MONAI (which lets a sample without any label cost nothing).
 *
 * @param logits `[batch, ...spatial, labels]`, label 0 the background; `[batch, ...spatial, 1]` for `'binary'`.
 * @param labels int32 `[batch, ...spatial]`, or float32 of the logits' shape; only the latter for `'multilabel'`.
 * @throws {ShapeError} if the shapes do not fit together.
 * @throws {ValueError | OptionError} if an option is out of range.
 * @example
 * const loss = generalizedDiceLoss(logits, labels, { weighting: 'simple' });
 *
 * *Source*: Sudre et al., "Generalised Dice overlap as a deep learning loss function" (2017), section 2.1; weightings and
 * absent labels as in MONAI's `GeneralizedDiceLoss`.
 */
export function generalizedDiceLoss(
  logits: Tensor,
  labels: Tensor,
  options: GeneralizedDiceOptions = {},
): Scalar {
  checkGeneralizedDice(options);
  const { weighting = 'square', squaredDenominator = false, ...rest } = options;
  const score = { gain: 2, overlap: 0, predicted: 1, truth: 1, squared: squaredDenominator };
  const pooled = (sizes: Tensor) => weightsOf(sizes, weighting);
  return regionLoss('generalizedDiceLoss', logits, labels, { ...score, pooled }, rest);
}

/** @throws {OptionError} if there is no such weighting. */
export function checkGeneralizedDice({ weighting = 'square' }: GeneralizedDiceOptions): void {
  requireOption('weighting', weighting, sizeWeightings);
}

/** More pixels than any label has. */
const tooLarge = 1e30;

function weightsOf(sizes: Tensor, weighting: SizeWeighting): Tensor {
  if (weighting === 'uniform') return onesLike(sizes);
  const isAbsent = equal(sizes, 0);
  const present = where(isAbsent, tooLarge, sizes);
  const smallest = min(present, -1, true);
  const ratio = where(isAbsent, onesLike(sizes), div(smallest, present));
  return weighting === 'square' ? square(ratio) : ratio;
}
