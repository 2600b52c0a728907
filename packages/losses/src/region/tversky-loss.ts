import { maximum, mul, pow, type Scalar, sub, type Tensor } from '@tensorflow/tfjs-core';
import { isNonNegative, isPositive, requireNumber } from '../input/options.js';
import { regionLoss } from './region-loss.js';
import type { RegionOptions } from './region-options.js';

/** How `tverskyLoss` counts. */
export interface TverskyOptions extends RegionOptions {
  /** Weight ≥ 0 of false positives. @default 0.5 */
  readonly alpha?: number;
  /** Weight ≥ 0 of false negatives. @default 0.5 */
  readonly beta?: number;
  /** Exponent > 0 of each score's loss. Below 1 it turns attention to what is nearly right, above to what is not. @default 1 */
  readonly gamma?: number;
}

/**
 * Tversky loss: Dice with weights of their own for false positives and false negatives.
 *
 * `loss = mean_bl (1 − TI)^γ`, `TI = (Σ p t + smooth) / (Σ p t + α Σ p (1 − t) + β Σ (1 − p) t + smooth)`
 *
 * α = β = 1/2 is Dice without squares, α = β = 1 Jaccard. Result in [0, 1]; absent labels and ignored pixels as in
 * `softDiceLoss`. For γ < 1 the slope at TI = 1 is infinite; it is taken as that at 1 − TI = 1e-6 there.
 *
 * @param logits `[batch, ...spatial, labels]`, label 0 the background; `[batch, ...spatial, 1]` for `'binary'`.
 * @param labels int32 `[batch, ...spatial]`, or float32 of the logits' shape; only the latter for `'multilabel'`.
 * @throws {ShapeError} if the shapes do not fit together.
 * @throws {ValueError | OptionError} if an option is out of range.
 * @example
 * const loss = tverskyLoss(logits, labels, { alpha: 0.3, beta: 0.7 });   // misses cost more
 *
 * *Source*: Salehi et al., "Tversky loss function for image segmentation" (2017), equation 4.
 */
export function tverskyLoss(logits: Tensor, labels: Tensor, options: TverskyOptions = {}): Scalar {
  return tversky('tverskyLoss', logits, labels, options);
}

/**
 * Focal Tversky loss: `tverskyLoss` with α = 0.3, β = 0.7 and γ = 3/4 where the options say nothing else.
 *
 * The paper writes the exponent as 1/γ with γ = 4/3, and its α and β the other way round.
 *
 * @param logits As for `tverskyLoss`.
 * @param labels As for `tverskyLoss`.
 * @throws {ShapeError} if the shapes do not fit together.
 * @throws {ValueError | OptionError} if an option is out of range.
 * @example
 * const loss = focalTverskyLoss(logits, labels);
 *
 * *Source*: Abraham & Khan, "A novel focal Tversky loss function with improved attention U-Net" (2019), section 3.
 */
export function focalTverskyLoss(logits: Tensor, labels: Tensor, options: TverskyOptions = {}): Scalar {
  return tversky('focalTverskyLoss', logits, labels, { ...focalTverskyDefaults, ...options });
}

const focalTverskyDefaults = { alpha: 0.3, beta: 0.7, gamma: 0.75 };

/** @throws {ValueError} if a weight or the exponent is out of range, or both weights are 0. */
export function checkTversky(where: string, { alpha = 0.5, beta = 0.5, gamma = 1 }: TverskyOptions): void {
  requireNumber(`${where}: alpha`, alpha, isNonNegative, 'a number of at least 0');
  requireNumber(`${where}: beta`, beta, isNonNegative, 'a number of at least 0');
  requireNumber(`${where}: alpha + beta`, alpha + beta, isPositive, 'a positive number');
  requireNumber(`${where}: gamma`, gamma, isPositive, 'a positive number');
}

function tversky(where: string, logits: Tensor, labels: Tensor, options: TverskyOptions): Scalar {
  checkTversky(where, options);
  const { alpha = 0.5, beta = 0.5, gamma = 1, ...rest } = options;
  const score = { gain: 1, overlap: 1 - alpha - beta, predicted: alpha, truth: beta, squared: false };
  const focused = gamma === 1 ? score : { ...score, cost: (index: Tensor) => powerOf(index, gamma) };
  return regionLoss(where, logits, labels, focused, rest);
}

function powerOf(index: Tensor, gamma: number): { cost: Tensor; slope: Tensor } {
  const miss = sub(1, index);
  return {
    cost: pow(maximum(miss, 0), gamma),
    slope: mul(pow(maximum(miss, 1e-6), gamma - 1), -gamma),
  };
}
