import { adamUpdate } from '@sshn/ops';
import { type Tensor, zerosLike } from '@tensorflow/tfjs-core';

/** A tensor that is moved by Adam, with what Adam remembers of its gradients. */
export interface Moving {
  readonly value: Tensor;
  readonly first: Tensor;
  readonly second: Tensor;
}

const [beta1, beta2, epsilon] = [0.9, 0.99, 1e-8];

/** Before the first step. The value stays the caller's. */
export function atRest(value: Tensor): Moving {
  return { value, first: zerosLike(value), second: zerosLike(value) };
}

/**
 * One step of Adam with bias correction, by the backend's kernel where it has one. The caller owns all of the result.
 *
 * @param step Steps done before: 0 for the first.
 *
 * *Source*: Kingma & Ba, "Adam" (2015), algorithm 1.
 */
export function adamStep(
  { value: param, first: m, second: v }: Moving,
  grad: Tensor,
  { step, learningRate }: { readonly step: number; readonly learningRate: number },
): Moving {
  const correction1 = 1 - beta1 ** (step + 1);
  const correction2 = 1 - beta2 ** (step + 1);
  const settings = {
    learningRate,
    beta1,
    beta2,
    epsilon,
    correction1,
    correction2,
    weightDecay: 0,
    overwrite: false,
  };
  const [value, first, second] = adamUpdate({ param, m, v, grad }, settings);
  return { value, first, second };
}
