import { likeParams, namedParams, ValueError } from '@sshn/core';
import { adamUpdates } from '@sshn/ops';
import {
  checkDecays,
  checkUpdate,
  type Optimizer,
  type OptimizerOptions,
  tensorsOf,
  zeroState,
} from './optimizer.js';

/** Options of `adam`. */
export interface AdamOptions extends OptimizerOptions {
  /** Decay of the mean of gradients, in [0, 1). @default 0.9 */
  readonly beta1?: number;
  /** Decay of the mean of squared gradients, in [0, 1). @default 0.99, the paper's; elsewhere often 0.999 */
  readonly beta2?: number;
  /** Keeps the division finite, > 0. @default 1e-8 */
  readonly epsilon?: number;
}

/** Options of `adamW`. */
export interface AdamWOptions extends AdamOptions {
  /** Share of a parameter that a step at learning rate 1 takes away, ≥ 0. @default 0.01 */
  readonly weightDecay?: number;
}

/**
 * Adam with bias correction. With t = step + 1:
 *
 * `m' = β₁ m + (1 − β₁) g`, `v' = β₂ v + (1 − β₂) g²`,
 * `θ' = θ − rate · (m' / (1 − β₁ᵗ)) / (√(v' / (1 − β₂ᵗ)) + ε)`
 *
 * Its state holds `first.PATH` and `second.PATH` for every parameter.
 *
 * @throws {ValueError} if an option is out of its range.
 * @example
 * const optimizer = adam({ scale: (path) => (path.startsWith('hypernetwork.') ? 0.1 : 1) });
 *
 * *Source*: Kingma & Ba, "Adam" (2015), algorithm 1; β₂ from the paper's appendix.
 */
export function adam(options: AdamOptions = {}): Optimizer {
  return adamFamily('adam', { ...options, weightDecay: 0 });
}

/**
 * Adam with decoupled weight decay: `θ' = (1 − rate · weightDecay) θ − …`, the rest as in `adam`.
 *
 * @throws {ValueError} if an option is out of its range.
 *
 * *Source*: Loshchilov & Hutter, "Decoupled weight decay regularization" (2019), algorithm 2.
 */
export function adamW(options: AdamWOptions = {}): Optimizer {
  return adamFamily('adamW', { weightDecay: 0.01, ...options });
}

function adamFamily(name: string, options: AdamWOptions & { readonly weightDecay: number }): Optimizer {
  const { beta1 = 0.9, beta2 = 0.99, epsilon = 1e-8, weightDecay, scale = () => 1 } = options;
  checkDecays(name, { beta1, beta2 });
  if (!(epsilon > 0 && epsilon < Infinity)) {
    throw new ValueError({ where: `${name}: epsilon`, got: epsilon, expected: 'a positive number' });
  }
  if (!(weightDecay >= 0 && weightDecay < Infinity)) {
    throw new ValueError({
      where: `${name}: weightDecay`,
      got: weightDecay,
      expected: 'a number of at least 0',
    });
  }
  const slots = ['first', 'second'] as const;
  return {
    slots,
    init: (params) => zeroState(slots, params),

    update(gradients, state, params, at) {
      checkUpdate(at);
      const {
        gradients: grads,
        state: [first, second],
      } = tensorsOf({ slots }, gradients, state, params);
      const named = [...namedParams(params)];
      const moved = adamUpdates(
        named.map(([, param], i) => ({ param, m: first![i]!, v: second![i]!, grad: grads[i]! })),
        {
          learningRates: named.map(([path]) => at.learningRate * scale(path)),
          beta1,
          beta2,
          epsilon,
          correction1: 1 - beta1 ** (at.step + 1),
          correction2: 1 - beta2 ** (at.step + 1),
          weightDecay,
          overwrite: at.overwrite ?? false,
          gradientScale: at.gradientScale ?? 1,
        },
      );
      const tree = (which: 0 | 1 | 2) =>
        likeParams(
          params,
          moved.map((tensors) => tensors[which]!),
        );
      return { params: tree(0), state: { first: tree(1), second: tree(2) } };
    },
  };
}
