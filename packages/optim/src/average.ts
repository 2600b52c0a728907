import { likeParams, namedParams, type ParamNode } from '@sshn/core';
import { add, mul, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { checkDecays, type Optimizer, type OptimizerState } from './optimizer.js';

/** Updates between two changes of an average: a pass over all weights each step would cost as much as the optimizer. */
const interval = 10;

/** Options of `averaged`. */
export interface AverageOptions {
  /** How much of the average stays at each update, in (0, 1): 0.999 remembers about the last 1000. */
  readonly decay: number;
}

/**
 * An optimizer that also keeps a moving average of the weights, which generalizes better than the last weights do.
 *
 * `a' = d a + (1 − d) θ'`, with `d = min(decay, (1 + t) / (10 + t))` so that the first weights are soon forgotten. It is taken at
 * every tenth update, with the tenth power of d. Its state is that of the optimizer, and `average.PATH` for every parameter.
 *
 * @throws {ValueError} if the decay is not in [0, 1).
 * @example
 * const optimizer = averaged(adam(), { decay: 0.999 });
 * const weights = averageOf(state) ?? params;
 *
 * *Source*: Polyak & Juditsky, "Acceleration of stochastic approximation by averaging" (1992); the course of d as in TensorFlow's
 * ExponentialMovingAverage.
 */
export function averaged(optimizer: Optimizer, { decay }: AverageOptions): Optimizer {
  checkDecays('averaged', { decay });
  return {
    slots: [...optimizer.slots, 'average'],
    init: (params) => ({ ...optimizer.init(params), average: cloned(params) }),

    update(gradients, { average, ...inner }, params, at) {
      const next = optimizer.update(gradients, inner, params, at);
      const { step } = at;
      if ((step + 1) % interval !== 0)
        return { params: next.params, state: { ...next.state, average: cloned(average!) } };
      const kept = Math.min(decay, (1 + step) / (10 + step)) ** interval;
      const before = [...namedParams(average!).values()];
      const moved = Array.from(namedParams(next.params).values(), (param, i) =>
        tidy((): Tensor => add(mul(before[i]!, kept), mul(param, 1 - kept))),
      );
      return { params: next.params, state: { ...next.state, average: likeParams(next.params, moved) } };
    },
  };
}

/** The average in the state of an `averaged` optimizer; the state's own tensors. */
export function averageOf(state: OptimizerState): ParamNode | undefined {
  return state.average;
}

function cloned<Params extends ParamNode>(params: Params): Params {
  return likeParams(
    params,
    Array.from(namedParams(params).values(), (tensor) => tensor.clone()),
  );
}
