import { ShapeError } from '@sshn/core';
import { readsAtOnce, sumAll } from '@sshn/ops';
import {
  argMax,
  div,
  greaterEqual,
  maximum,
  mul,
  type Scalar,
  type Tensor,
  tensor,
  tensor1d,
  tidy,
} from '@tensorflow/tfjs-core';
import { checkGrid } from '../distance-transform.js';
import { asFloat, checkLabels, checkLogits, labelCount, targetOf } from '../input/labels.js';
import { linkOf, type ValueAndGradient, withOwnGradient } from '../input/loss.js';
import { channelWeights, checkScoredLabels, type ScoredLabels } from '../region/region-options.js';
import { likeliest, signedDistances, signedDistancesOnDevice } from './signed-distances.js';

/** How `boundaryLoss` counts. */
export interface BoundaryOptions extends ScoredLabels {
  /** Distance of neighboring pixels along each spatial axis, in mm. @default 1 each: the loss is in pixels then */
  readonly spacingMm?: readonly number[];
}

/**
 * Boundary loss: probabilities weighed by the signed distance to the true boundary, mean over pixels and labels.
 *
 * `loss = mean_l 1/n Σ_pixels φ_l p_l`, `φ_l > 0` outside of label l and `< 0` within (`signedDistances`)
 *
 * Unbounded, in mm; lowest, and negative, for the true labels. It says little about where a region is as a whole: add it
 * to a loss over regions, with a weight that grows from 0.01 or so.
 *
 * Maps are computed here, on the CPU and outside of the tape, in time linear in pixels and labels; on webgpu, which cannot
 * be read at once, on the device. Those of labels that do not change are better made once: `boundaryLossOfMaps`. Ignored pixels count as outside of every label in them. 0 if all
 * pixels are ignored.
 *
 * @param logits `[batch, ...spatial, labels]`, label 0 the background; `[batch, ...spatial, 1]` for `'binary'`.
 * @param labels int32 `[batch, ...spatial]`, or one-hot of the logits' shape (soft labels count as the likeliest, in
 *   sigmoid tasks as 1 from 0.5 on); only the latter for `'multilabel'`.
 * @throws {ShapeError} if the shapes do not fit together.
 * @throws {ValueError | OptionError} if an option is out of range.
 * @example
 * const loss = weightedSum([[1, softDiceLoss], [0.01, (z, y) => boundaryLoss(z, y, { spacingMm: [0.8, 0.8] })]]);
 *
 * *Source*: Kervadec et al., "Boundary loss for highly unbalanced segmentation" (2019), equation 5.
 */
export function boundaryLoss(logits: Tensor, labels: Tensor, options: BoundaryOptions = {}): Scalar {
  checkScoredLabels('boundaryLoss', options);
  const { task = 'multiclass', spacingMm, ignoreLabel } = options;
  checkLabels('boundaryLoss', logits, labels, task);
  const grid = { shape: logits.shape.slice(1, -1), ...(spacingMm === undefined ? {} : { spacingMm }) };
  checkGrid('boundaryLoss', grid);
  const weights = channelWeights('boundaryLoss', labelCount(logits), options);
  return withOwnGradient(logits, (input) => {
    const z = asFloat(input);
    const { truth, mask } = targetOf('boundaryLoss', z, labels, { task, ignoreLabel });
    if (!readsAtOnce()) {
      const inside = task === 'multiclass' ? likeliest(truth, mask) : asFloat(greaterEqual(truth, 0.5));
      return terms(z, signedDistancesOnDevice(inside, spacingMm), mask, options, weights);
    }
    const isHeld = task === 'multiclass' ? heldByArgMax(truth, mask) : heldFromHalf(truth);
    const channels = weights.length;
    const pixels = z.size / channels / z.shape[0]!;
    const maps = new Float32Array(z.size);
    for (let sample = 0; sample < z.shape[0]!; sample++) {
      weights.forEach((weight, label) => {
        if (weight === 0) return;
        const at = (i: number) => (sample * pixels + i) * channels + label;
        const inside = Uint8Array.from({ length: pixels }, (_, i) => (isHeld(at(i)) ? 1 : 0));
        const distances = signedDistances(inside, { ...grid, labels: 2 });
        for (let i = 0; i < pixels; i++) maps[at(i)] = distances[2 * i + 1]!;
      });
    }
    return terms(z, tensor(maps, z.shape), mask, options, weights);
  });
}

/**
 * `boundaryLoss` from maps made beforehand.
 *
 * @param logits `[batch, ...spatial, labels]`.
 * @param maps float32 of the same shape: `signedDistances` of each sample. No gradient flows to them.
 * @throws {ShapeError} if the shapes differ.
 * @throws {ValueError | OptionError} if an option is out of range.
 * @example
 * const maps = tensor(signedDistances(labels, { shape: [64, 64], labels: 3 }), [1, 64, 64, 3]);
 * const loss = boundaryLossOfMaps(logits, maps);
 */
export function boundaryLossOfMaps(
  logits: Tensor,
  maps: Tensor,
  options: Omit<ScoredLabels, 'ignoreLabel'> = {},
): Scalar {
  checkScoredLabels('boundaryLossOfMaps', options);
  checkLogits('boundaryLossOfMaps', logits, options.task);
  if (maps.shape.join() !== logits.shape.join()) {
    throw new ShapeError({
      where: 'boundaryLossOfMaps: maps',
      got: maps.shape,
      expected: `that of the logits, [${logits.shape.join(', ')}]`,
    });
  }
  const weights = channelWeights('boundaryLossOfMaps', labelCount(logits), options);
  return withOwnGradient(logits, (input) =>
    terms(asFloat(input), asFloat(maps), undefined, options, weights),
  );
}

function terms(
  logits: Tensor,
  maps: Tensor,
  mask: Tensor | undefined,
  { task = 'multiclass' }: ScoredLabels,
  weights: readonly number[],
): ValueAndGradient {
  const { probabilities, backward } = linkOf(task, true);
  const pixels = mask === undefined ? logits.size / weights.length : maximum(sumAll(mask), 1e-30);
  const counted = mask === undefined ? maps : mul(maps, mask);
  const slopes = div(mul(counted, tensor1d([...weights])), pixels);
  const p = probabilities(logits);
  return [sumAll(mul(p, slopes)), backward(p, slopes)];
}

/** Whether an entry of the truth is the label of its pixel: the likeliest one; none where the pixel is ignored. */
function heldByArgMax(truth: Tensor, mask: Tensor | undefined): (entry: number) => boolean {
  const winners = tidy(() => argMax(truth, -1)).dataSync();
  const counted = mask?.dataSync();
  const channels = labelCount(truth);
  return (entry) => {
    const pixel = Math.floor(entry / channels);
    return winners[pixel] === entry % channels && (counted?.[pixel] ?? 1) > 0;
  };
}

function heldFromHalf(truth: Tensor): (entry: number) => boolean {
  const values = truth.dataSync();
  return (entry) => values[entry]! >= 0.5;
}
