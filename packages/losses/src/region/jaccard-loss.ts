import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { regionLoss } from './region-loss.js';
import type { RegionOptions } from './region-options.js';

/** How `jaccardLoss` counts. */
export interface JaccardOptions extends RegionOptions {
  /** Squares in the denominator, `Σp² + Σt² − Σpt`, rather than `Σp + Σt − Σpt`. @default true */
  readonly squaredDenominator?: boolean;
}

/**
 * Soft Jaccard (intersection over union) loss: one minus its mean over foreground labels and samples.
 *
 * `loss = 1 − mean_bl (Σ p t + smooth) / (Σ p² + Σ t² − Σ p t + smooth)`
 *
 * Result in [0, 1]; absent labels and ignored pixels as in `softDiceLoss`.
 *
 * @param logits `[batch, ...spatial, labels]`, label 0 the background; `[batch, ...spatial, 1]` for `'binary'`.
 * @param labels int32 `[batch, ...spatial]`, or float32 of the logits' shape; only the latter for `'multilabel'`.
 * @throws {ShapeError} if the shapes do not fit together.
 * @throws {ValueError | OptionError} if an option is out of range.
 * @example
 * const loss = jaccardLoss(logits, labels);
 *
 * *Source*: Rahman & Wang, "Optimizing intersection-over-union in deep neural networks" (2016); squares as in pylot.
 */
export function jaccardLoss(logits: Tensor, labels: Tensor, options: JaccardOptions = {}): Scalar {
  const { squaredDenominator = true, ...rest } = options;
  const score = { gain: 1, overlap: -1, predicted: 1, truth: 1, squared: squaredDenominator };
  return regionLoss('jaccardLoss', logits, labels, score, rest);
}
