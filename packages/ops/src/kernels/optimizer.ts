import { ValueError } from '@sshn/core';
import {
  add,
  addN,
  div,
  mul,
  type Scalar,
  scalar,
  sqrt,
  square,
  sub,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import { sumAll } from '../reduce.js';
import { dispatcher, type Kernel, type KernelRules, sizeOf } from './contract.js';

/** Settings of one step of Adam; `correction1 = 1 − beta1^t`, `correction2 = 1 − beta2^t` at step t = 1, 2, … */
export interface AdamSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly correction1: number;
  readonly correction2: number;
  /** Share of the parameter that a step at learning rate 1 subtracts. */
  readonly weightDecay: number;
  /** Whether the new values may be written over the old ones, where nothing else shares their memory. @default false */
  readonly overwrite?: boolean;
  /** What the gradient is multiplied by. @default 1 */
  readonly gradientScale?: number;
}

/** Kernels of optimizers. */
export interface OptimizerKernels {
  /** The Euclidean norm of all entries of any number of tensors together, []. */
  SshnGlobalNorm: Kernel<string>;
  /** One step of Adam with decoupled weight decay: the new param, m and v. */
  SshnAdam: Kernel<'param' | 'm' | 'v' | 'grad', AdamSettings, 3>;
}

/** Settings of one step of Adam of many tensors, each with its own learning rate. */
export interface AdamGroupSettings extends Omit<AdamSettings, 'learningRate'> {
  readonly learningRates: readonly number[];
}

/**
 * Kernels of many tensors at once, for backends where to start a program takes longer than most programs. Without them, and in
 * traces, tensors take their turns.
 */
export interface GroupKernels {
  /** `SshnAdam` of `param0`, `m0`, `v0`, `grad0`, `param1`, …: the new param, m and v of each, in this order. */
  SshnAdamGroup: Kernel<string, AdamGroupSettings, 'many'>;
}

const dispatch = /* @__PURE__ */ dispatcher<OptimizerKernels & GroupKernels>();

/**
 * The Euclidean norm of all entries of all tensors together, as a scalar that stays on the device; 0 for none.
 *
 * NaN or infinite if an entry is. May overflow to infinity above about 1e19.
 */
export function euclideanNorm(tensors: readonly Tensor[]): Scalar {
  const norm = dispatch('SshnGlobalNorm', Object.fromEntries(tensors.entries()), {}, () =>
    tidy(() => {
      const squares = tensors.map((tensor) => sumAll(square(tensor)));
      return sqrt(squares.length === 0 ? scalar(0) : addN(squares));
    }),
  );
  return norm as Scalar;
}

/** A tensor that Adam moves, what it remembers of the gradients, and the gradient. */
export interface AdamState<T = Tensor> {
  readonly param: T;
  readonly m: T;
  readonly v: T;
  readonly grad: T;
}

/**
 * One step of Adam with bias correction and decoupled weight decay, of one tensor.
 *
 * `m' = β₁ m + (1 − β₁) g`, `v' = β₂ v + (1 − β₂) g²` with g = `gradientScale` · grad,
 * `θ' = (1 − rate · decay) θ − rate · (m' / correction₁) / (√(v' / correction₂) + ε)`
 *
 * *Source*: Kingma & Ba, "Adam" (2015), algorithm 1; Loshchilov & Hutter, "Decoupled weight decay regularization" (2019).
 */
export function adamUpdate(state: AdamState, settings: AdamSettings): [param: Tensor, m: Tensor, v: Tensor] {
  return dispatch('SshnAdam', { ...state }, { ...settings }, () => tidy(() => composedStep(state, settings)));
}

/**
 * `adamUpdate` of many tensors, each of any shape, which share all settings but the learning rate: in fewer programs where the backend
 * can.
 *
 * @param settings `learningRates` has one per tensor.
 * @returns Per tensor what `adamUpdate` returns.
 * @throws {ValueError} if there are more or fewer learning rates than tensors.
 */
export function adamUpdates(
  states: readonly AdamState[],
  settings: AdamGroupSettings,
): Array<[param: Tensor, m: Tensor, v: Tensor]> {
  const { learningRates, ...shared } = settings;
  if (learningRates.length !== states.length) {
    throw new ValueError({
      where: 'adamUpdates: learning rates',
      got: learningRates.length,
      expected: `${states.length}, one per tensor`,
    });
  }
  const inputs = states.flatMap((state, i) => Object.entries(state).map(([name, x]) => [`${name}${i}`, x]));
  const moved = dispatch('SshnAdamGroup', Object.fromEntries(inputs), settings, () =>
    states.flatMap((state, i) => adamUpdate(state, { ...shared, learningRate: learningRates[i]! })),
  );
  return states.map((_, i) => moved.slice(3 * i, 3 * i + 3) as [Tensor, Tensor, Tensor]);
}

/** Both corrections are moved out of the passes over memory: √(v / c) + ε = (√v + ε √c) / √c. */
function composedStep(
  { param, m, v, grad }: AdamState,
  {
    learningRate,
    beta1,
    beta2,
    epsilon,
    correction1,
    correction2,
    weightDecay,
    gradientScale = 1,
  }: AdamSettings,
): [Tensor, Tensor, Tensor] {
  const root = Math.sqrt(correction2);
  const first = add(mul(m, beta1), mul(grad, (1 - beta1) * gradientScale));
  const second = add(mul(v, beta2), mul(square(grad), (1 - beta2) * gradientScale ** 2));
  const direction = div(first, add(sqrt(second), epsilon * root));
  const kept = weightDecay === 0 ? param : mul(param, 1 - learningRate * weightDecay);
  return [sub(kept, mul(direction, (learningRate * root) / correction1)), first, second];
}

export const optimizerRules: KernelRules<OptimizerKernels> = {
  SshnGlobalNorm: {
    shapes: () => ({ shape: [], dtype: 'float32' }),
    // A square and a sum for each entry.
    work: (tensors) => ({
      elementwise: Object.values(tensors).reduce((work, tensor) => work + 2 * sizeOf(tensor), 0),
    }),
  },
  SshnAdam: {
    shapes: ({ param, m, v }) => [param, m, v],
    // m: 3, v: 4, both corrections: 2, root, ε, quotient, step, difference: 5; two more for the decay of weights.
    work: ({ param }, { weightDecay }) => ({ elementwise: sizeOf(param) * (weightDecay === 0 ? 14 : 16) }),
  },
};
