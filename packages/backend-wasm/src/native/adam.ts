import type { TensorInfo } from '@tensorflow/tfjs-core';

import { sizeOf } from './geometry.js';
import { deferredProducts } from './heads/head.js';
import { POINTWISE_GRAIN } from './jobs.js';
import type { NativeModule } from './module.js';

/** Size of `AdamArgs` of `assembly/adam.ts`, in bytes. */
const ADAM_ARGS_BYTES = 18 * 4;

/** Rows of one task where the gradient is an outer product; `ROWS` of `assembly/adam.ts`. */
const OUTER_ROWS = 512;

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
  /** Whether the old values may be written over. @default false */
  readonly overwrite?: boolean;
}

/**
 * `[param', m', v']` after one step of Adam with decoupled weight decay, as new tensors; where `overwrite`, in the memory
 * of the old ones unless other tensors share it, which saves a fifth of the time and half of the memory.
 *
 * `m' = beta1 m + (1 - beta1) g`, `v' = beta2 v + (1 - beta2) g²`,
 * `param' = param (1 - learningRate weightDecay) - learningRate (m' / correction1) / (sqrt(v' / correction2) + epsilon)`.
 */
export function adam(native: NativeModule, state: AdamState, settings: AdamSettings): TensorInfo[] {
  const { param, m, v, grad } = state;
  const {
    learningRate,
    beta1,
    beta2,
    epsilon,
    correction1,
    correction2,
    weightDecay,
    overwrite = false,
  } = settings;
  const next = [param, m, v].map((old) => (overwrite ? native.reuse(old) : native.output(old.shape)));
  const count = sizeOf(param.shape);
  const { args } = native.reserve({ args: ADAM_ARGS_BYTES });
  const product = deferredProducts(native).factorsOf(grad);
  const [grads, row, width] =
    product === undefined ? [native.address(grad), 0, 1] : [product.column, product.row, product.width];
  const before = [param, m, v].map((tensor) => native.address(tensor));
  const after = next.map((tensor) => native.address(tensor));
  native.words().set([...before, grads, ...after, count], args / 4);
  native
    .floats()
    .set(
      [
        1 - learningRate * weightDecay,
        learningRate / correction1,
        beta1,
        beta2,
        1 - beta1,
        1 - beta2,
        1 / Math.sqrt(correction2),
        epsilon,
      ],
      args / 4 + 8,
    );
  native.words().set([row, width], args / 4 + 16);
  if (product === undefined) native.run('adam', args, Math.ceil(count / POINTWISE_GRAIN));
  else native.run('adamOuter', args, Math.ceil(product.height / OUTER_ROWS));
  return next;
}
