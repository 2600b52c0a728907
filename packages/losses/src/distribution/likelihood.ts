import { sumAll } from '@sshn/ops';
import {
  abs,
  add,
  exp,
  log,
  max,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  sigmoid,
  sub,
  sum,
  type Tensor,
} from '@tensorflow/tfjs-core';
import type { ValueAndGradient } from '../input/loss.js';

/** Keeps 1 − p off 0 where a power of it is divided by it. */
const tiny = 1e-7;

/**
 * `−Σ a (1 − p)^γ log p` for `p = softmax(z)`, and its gradient to z.
 *
 * @param weights `a`, of the shape of the logits: what the loss makes of true labels, weights and the mean.
 * @param gamma `γ`; 0 is the plain log-likelihood.
 */
export function softmaxLikelihood(logits: Tensor, weights: Tensor, gamma: number): ValueAndGradient {
  const shifted = sub(logits, max(logits, -1, true));
  const logP = sub(shifted, log(sum(exp(shifted), -1, true)));
  const p = exp(logP);
  // d/d log p of a (1 − p)^γ log p: a (1 − p)^γ (1 − γ p log p / (1 − p)).
  let modulated = weights;
  let slope = weights;
  if (gamma !== 0) {
    const rest = maximum(sub(1, p), tiny);
    modulated = mul(weights, pow(rest, gamma));
    slope = mul(modulated, sub(1, mul(gamma, mul(p, mul(logP, pow(rest, -1))))));
  }
  const value = neg(sumAll(mul(modulated, logP)));
  return [value, sub(mul(p, sum(slope, -1, true)), slope)];
}

/**
 * `−Σ a (1 − p)^γ log p + b p^γ log (1 − p)` for `p = sigmoid(z)`, and its gradient to z.
 *
 * @param positive `a`, of the shape of the logits: the weight of each entry as a positive.
 * @param negative `b`, its weight as a negative.
 */
export function sigmoidLikelihood(
  logits: Tensor,
  positive: Tensor,
  negative: Tensor,
  gamma: number,
): ValueAndGradient {
  const logRest = log(add(1, exp(neg(abs(logits)))));
  const logP = sub(minimum(logits, 0), logRest);
  const logQ = sub(neg(maximum(logits, 0)), logRest);
  const p = sigmoid(logits);
  const q = sigmoid(neg(logits));
  const a = gamma === 0 ? positive : mul(positive, pow(q, gamma));
  const b = gamma === 0 ? negative : mul(negative, pow(p, gamma));
  const value = neg(add(sumAll(mul(a, logP)), sumAll(mul(b, logQ))));
  // d/dz of −(1 − p)^γ log p: (1 − p)^γ (γ p log p − (1 − p)); the same in −z for the negatives.
  const towards = mul(a, sub(mul(gamma, mul(p, logP)), q));
  const away = mul(b, sub(mul(gamma, mul(q, logQ)), p));
  return [value, sub(towards, away)];
}
