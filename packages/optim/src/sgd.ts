import { likeParams, namedParams, ValueError } from '@sshn/core';
import { add, mul, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';
import {
  checkDecays,
  checkUpdate,
  type Optimizer,
  type OptimizerOptions,
  tensorsOf,
  zeroState,
} from './optimizer.js';

/** Options of `sgd`. */
export interface SgdOptions extends OptimizerOptions {
  /** Decay of the running sum of gradients, in [0, 1). @default 0 */
  readonly momentum?: number;
  /** Looks one step of momentum ahead; needs momentum > 0. @default false */
  readonly nesterov?: boolean;
}

/**
 * Stochastic gradient descent, with momentum if wanted:
 *
 * `b' = momentum · b + g`, `θ' = θ − rate · b'`, with Nesterov's look-ahead `θ' = θ − rate · (g + momentum · b')`
 *
 * Its state holds `momentum.PATH` for every parameter; without momentum it is empty.
 *
 * @throws {ValueError} if momentum is not in [0, 1), or 0 with Nesterov.
 * @example
 * const optimizer = sgd({ momentum: 0.9, nesterov: true });
 *
 * *Source*: Sutskever et al., "On the importance of initialization and momentum" (2013), in the form that PyTorch uses.
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { momentum = 0, nesterov = false, scale = () => 1 } = options;
  checkDecays('sgd', { momentum });
  if (nesterov && momentum === 0) {
    throw new ValueError({ where: 'sgd: momentum', got: momentum, expected: 'more than 0 with nesterov' });
  }
  const slots = momentum === 0 ? [] : ['momentum'];
  return {
    slots,
    init: (params) => zeroState(slots, params),

    update(gradients, state, params, at) {
      checkUpdate(at);
      const { gradientScale = 1 } = at;
      const {
        gradients: grads,
        state: [buffers],
      } = tensorsOf({ slots }, gradients, state, params);
      const moved = Array.from(namedParams(params), ([path, param], i) => {
        const rate = at.learningRate * scale(path);
        return tidy((): Tensor[] => {
          if (buffers === undefined) return [sub(param, mul(grads[i]!, rate * gradientScale))];
          const gradient = gradientScale === 1 ? grads[i]! : mul(grads[i]!, gradientScale);
          const velocity = add(mul(buffers[i]!, momentum), gradient);
          const direction = nesterov ? add(gradient, mul(velocity, momentum)) : velocity;
          return [sub(param, mul(direction, rate)), velocity];
        });
      });
      const tree = (which: 0 | 1) =>
        likeParams(
          params,
          moved.map((tensors) => tensors[which]!),
        );
      return { params: tree(0), state: buffers === undefined ? {} : { momentum: tree(1) } };
    },
  };
}
