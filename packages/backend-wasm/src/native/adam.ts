import type { TensorInfo } from '@tensorflow/tfjs-core';

import { sizeOf } from './geometry.js';
import type { NativeModule } from './module.js';

/** What one step of Adam moves. */
export interface AdamState {
  readonly param: TensorInfo;
  readonly m: TensorInfo;
  readonly v: TensorInfo;
  readonly grad: TensorInfo;
}

/** Settings of one step; `correction1 = 1 - beta1^t`, `correction2 = 1 - beta2^t`. */
export interface AdamSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly correction1: number;
  readonly correction2: number;
  readonly weightDecay: number;
}

/**
 * `[param', m', v']` after one step of Adam with decoupled weight decay, as new tensors.
 *
 * `m' = beta1 m + (1 - beta1) g`, `v' = beta2 v + (1 - beta2) g²`,
 * `param' = param (1 - learningRate weightDecay) - learningRate (m' / correction1) / (sqrt(v' / correction2) + epsilon)`.
 */
export function adam(native: NativeModule, state: AdamState, settings: AdamSettings): TensorInfo[] {
  const { param, m, v, grad } = state;
  const { learningRate, beta1, beta2, epsilon, correction1, correction2, weightDecay } = settings;
  const next = [native.output(param.shape), native.output(param.shape), native.output(param.shape)] as const;
  native.exports.adam(
    native.address(param),
    native.address(m),
    native.address(v),
    native.address(grad),
    native.address(next[0]),
    native.address(next[1]),
    native.address(next[2]),
    sizeOf(param.shape),
    1 - learningRate * weightDecay,
    learningRate / correction1,
    beta1,
    beta2,
    1 - beta1,
    1 - beta2,
    1 / Math.sqrt(correction2),
    epsilon,
  );
  return [...next];
}
