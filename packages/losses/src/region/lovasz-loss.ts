import { requireOption } from '@sshn/core';
import { readsAtOnce } from '@sshn/ops';
import { type Scalar, scalar, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { asFloat, checkLabels, labelCount, targetOf } from '../input/labels.js';
import { linkOf, type ValueAndGradient, withOwnGradient } from '../input/loss.js';
import { lovaszExtension, lovaszOnDevice } from './lovasz-extension.js';
import { channelWeights, checkScoredLabels, type ScoredLabels } from './region-options.js';

/** How `lovaszLoss` counts. */
export interface LovaszOptions extends ScoredLabels {
  /** The mean over labels that the truth has, or over all of them. @default 'present' */
  readonly classes?: LovaszClasses;
  /** A loss for each sample, then their mean, rather than one over the pixels of the whole batch. @default false */
  readonly perSample?: boolean;
}

/** Which labels the mean is over. */
export type LovaszClasses = (typeof lovaszClasses)[number];
export const lovaszClasses = ['present', 'all'] as const;

/**
 * Lovász-softmax loss: the convex extension of the Jaccard loss from hard to soft predictions, mean over labels.
 *
 * `loss = mean_l Σ_i e_i (J_i − J_{i−1})`, errors `e = |t − p|` in falling order, `J_i` the Jaccard loss of label l if the
 * first i pixels were the wrong ones. Result in [0, 1]; for hard predictions 1 − Jaccard.
 *
 * Pixels are sorted outside of the tape, on the CPU: probabilities are read back once per call; on webgpu, which cannot be
 * read at once, on the device, for up to 2²⁴ pixels. 0 where no label is left to score: all pixels ignored, or none of the
 * labels in the truth.
 *
 * @param logits `[batch, ...spatial, labels]`, label 0 the background; `[batch, ...spatial, 1]` for `'binary'` (then
 *   Lovász-sigmoid).
 * @param labels int32 `[batch, ...spatial]`, or one-hot float32 of the logits' shape; only the latter for `'multilabel'`.
 * @throws {ShapeError} if the shapes do not fit together.
 * @throws {ValueError | OptionError} if an option is out of range.
 * @throws {CapabilityError} on webgpu, if more pixels are to be sorted than it can.
 * @example
 * const loss = lovaszLoss(logits, labels, { classes: 'all' });
 *
 * *Source*: Berman et al., "The Lovász-softmax loss" (2018), section 3; defaults as in their code, but for the background.
 */
export function lovaszLoss(logits: Tensor, labels: Tensor, options: LovaszOptions = {}): Scalar {
  checkLovasz(options);
  checkLabels('lovaszLoss', logits, labels, options.task);
  const weights = channelWeights('lovaszLoss', labelCount(logits), options);
  return withOwnGradient(logits, (input) => terms(asFloat(input), labels, options, weights));
}

/** @throws {ValueError | OptionError} if an option is out of range, whatever the logits. */
export function checkLovasz(options: LovaszOptions): void {
  checkScoredLabels('lovaszLoss', options);
  requireOption('classes', options.classes ?? 'present', lovaszClasses);
}

function terms(
  logits: Tensor,
  labels: Tensor,
  options: LovaszOptions,
  weights: readonly number[],
): ValueAndGradient {
  const { task = 'multiclass', classes = 'present', perSample = false, ignoreLabel } = options;
  const { truth, mask } = targetOf('lovaszLoss', logits, labels, { task, ignoreLabel });
  const { probabilities, backward } = linkOf(task, true);
  const p = probabilities(logits);
  if (!readsAtOnce()) {
    const { value, slopes } = lovaszOnDevice({ p, truth, mask }, { classes, perSample, weights });
    return [value, backward(p, slopes)];
  }
  const values = p.dataSync() as Float32Array;
  const trueValues = truth.dataSync() as Float32Array;
  const counted = mask?.dataSync() as Float32Array | undefined;
  const gradient = new Float32Array(values.length);
  const samples = perSample ? logits.shape[0]! : 1;
  const pixels = values.length / weights.length / samples;

  let loss = 0;
  for (let sample = 0; sample < samples; sample++) {
    const kept = pixelsThatCount(sample * pixels, pixels, counted);
    const parts = weights.flatMap((weight, label) => {
      if (weight === 0 || kept.length === 0) return [];
      const part = ofLabel(values, trueValues, kept, label, weights.length);
      return part.isPresent || classes === 'all' ? [{ ...part, weight, label }] : [];
    });
    const total = parts.reduce((sum, { weight }) => sum + weight, 0) * samples;
    for (const { value, slopes, weight, label } of parts) {
      loss += (value * weight) / total;
      kept.forEach((pixel, i) => {
        gradient[pixel * weights.length + label] = (slopes[i]! * weight) / total;
      });
    }
  }
  return [scalar(loss), backward(p, tensor(gradient, logits.shape))];
}

/** Indices of pixels from `first` on that are not ignored. */
function pixelsThatCount(first: number, pixels: number, counted: Float32Array | undefined): Uint32Array {
  const all = Uint32Array.from({ length: pixels }, (_, i) => first + i);
  return counted === undefined ? all : all.filter((pixel) => counted[pixel]! > 0);
}

/** One label's extension over some pixels; slopes to its probabilities. */
function ofLabel(
  values: Float32Array,
  truth: Float32Array,
  pixels: Uint32Array,
  label: number,
  labels: number,
): { value: number; slopes: Float32Array; isPresent: boolean } {
  const t = Float32Array.from(pixels, (pixel) => truth[pixel * labels + label]!);
  const difference = Float32Array.from(pixels, (pixel, i) => values[pixel * labels + label]! - t[i]!);
  const { value, gradient } = lovaszExtension(
    difference.map((d) => Math.abs(d)),
    t,
  );
  const slopes = gradient.map((slope, i) => slope * Math.sign(difference[i]!));
  return { value, slopes, isPresent: t.some((value) => value > 0) };
}
