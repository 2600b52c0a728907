import { ValueError } from '@sshn/core';
import { add, mul, sub, type Tensor, tidy, zerosLike } from '@tensorflow/tfjs-core';
import { checkDecays, checkUpdate, type Optimizer, type OptimizerOptions } from './optimizer.js';

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
    init: (params) =>
      new Map(
        slots.flatMap((slot) =>
          [...params].map(([path, param]): [string, Tensor] => [`${slot}.${path}`, zerosLike(param)]),
        ),
      ),

    update(gradients, state, params, at) {
      checkUpdate({ gradients, state, params }, slots, at);
      const next = { params: new Map<string, Tensor>(), state: new Map<string, Tensor>() };
      for (const [path, param] of params) {
        const gradient = gradients.get(path)!;
        const rate = at.learningRate * scale(path);
        const [moved, buffer] = tidy((): Tensor[] => {
          if (momentum === 0) return [sub(param, mul(gradient, rate))];
          const velocity = add(mul(state.get(`momentum.${path}`)!, momentum), gradient);
          const direction = nesterov ? add(gradient, mul(velocity, momentum)) : velocity;
          return [sub(param, mul(direction, rate)), velocity];
        });
        next.params.set(path, moved!);
        if (buffer !== undefined) next.state.set(`momentum.${path}`, buffer);
      }
      return next;
    },
  };
}
