import { dispatch } from '@sshn/core';
import { div, exp, log, max, mul, type Scalar, sub, sum, type Tensor } from '@tensorflow/tfjs-core';
import { asFloat, checkLabels, comparable, labelCount, oneHotLabels } from './inputs.js';
import { type ValueAndGradient, withOwnGradient } from './own-gradient.js';
import { sumAll } from './reduce.js';

/**
 * Categorical cross-entropy of softmax(logits), averaged over all pixels of the batch.
 *
 * `loss = 1/n Σ_pixels (log Σ_l exp(z_l) − Σ_l t_l z_l)`, by log-sum-exp, so that no logit is too large for it;
 * the gradient is `(softmax(z) − t) / n`. Result in nats, ≥ 0; `log(labels)` for equal logits.
 *
 * Values of integer labels are not looked at (that would wait for the device): a label outside of 0 … labels − 1
 * belongs in no dataset, and `confusionCounts` refuses it.
 *
 * @param logits `[batch, ...spatial, labels]`, one label the background.
 * @param labels int32 `[batch, ...spatial]`, or float32 `[batch, ...spatial, labels]`: one-hot, or soft labels that
 *   sum to 1 at each pixel. No gradient flows to them.
 * @throws {ShapeError} if the shapes do not fit together.
 * @throws {ValueError} if labels without a label axis are not int32.
 * @example
 * const loss = crossEntropy(network.apply(params, images, at), labels);
 *
 * *Source*: the paper's first training stage, section 4 ("categorical cross-entropy").
 */
export function crossEntropy(logits: Tensor, labels: Tensor): Scalar {
  checkLabels('crossEntropy', logits, labels);
  return withOwnGradient(logits, (input) => {
    const z = asFloat(input);
    const truth = comparable(z, labels);
    return dispatch('SshnCrossEntropy', { logits: z, labels: truth }, {}, () =>
      composed(z, truth),
    ) as ValueAndGradient;
  });
}

function composed(logits: Tensor, labels: Tensor): ValueAndGradient {
  const pixels = logits.size / labelCount(logits);
  const shifted = sub(logits, max(logits, -1, true));
  const exponentials = exp(shifted);
  const total = sum(exponentials, -1, true);
  const truth = oneHotLabels(logits, labels);
  // Both sums are of one sign: nothing cancels.
  const value = div(sub(sumAll(log(total)), sumAll(mul(truth, shifted))), pixels);
  return [value, div(sub(div(exponentials, total), truth), pixels)];
}
