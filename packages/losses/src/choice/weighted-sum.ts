import { ValueError } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { add, mul, type Scalar, tidy } from '@tensorflow/tfjs-core';
import type { Loss } from '../input/loss.js';
import { isNonNegative } from '../input/options.js';

/**
 * A loss that is a weighted sum of others.
 *
 * `loss = Σ_i w_i loss_i`
 *
 * @param terms Weights ≥ 0 and losses.
 * @throws {ValueError} if there is no term, or a weight is negative or not finite.
 * @example
 * const diceAndCrossEntropy = weightedSum([[1, softDiceLoss], [1, crossEntropy]]);
 */
export function weightedSum(terms: ReadonlyArray<readonly [weight: number, loss: Loss]>): Loss {
  if (terms.length === 0) {
    throw new ValueError({ where: 'weightedSum', got: terms, expected: 'at least one term [weight, loss]' });
  }
  terms.forEach(([weight], i) => {
    if (typeof weight === 'number' && isNonNegative(weight)) return;
    throw new ValueError({
      where: `weightedSum: weight ${i}`,
      got: weight,
      expected: 'a finite number of at least 0',
    });
  });
  return (logits, labels) => {
    // Of mul and add: tfjs-core alone has none in Node.
    registerGradients();
    return tidy(() =>
      terms.map(([weight, loss]) => mul<Scalar>(loss(logits, labels), weight)).reduce((a, b) => add(a, b)),
    );
  };
}
