import { namedParams, nextTask } from '@sshn/core';
import { adam } from '@sshn/optim';
import { dispose, type Tensor, valueAndGrad } from '@tensorflow/tfjs-core';
import { type RegistrationObjective, registrationLoss } from '../objective/objective.js';

/** A flow and what it costs. */
export interface Reached {
  readonly flow: Tensor;
  readonly loss: number;
}

/** How far to go. */
export interface DescendOptions {
  readonly steps: number;
  readonly learningRate: number;
  /** Called after each step with its index, and the loss before it. */
  readonly onStep: (index: number, loss: number) => void;
  readonly signal?: AbortSignal;
}

/** The loss of a flow as a number. */
export async function lossOf(
  flow: Tensor,
  moving: Tensor,
  fixed: Tensor,
  objective: RegistrationObjective,
): Promise<number> {
  const loss = registrationLoss(flow, moving, fixed, objective);
  try {
    return (await loss.data())[0]!;
  } finally {
    loss.dispose();
  }
}

/**
 * Steps of Adam on a flow at one resolution. Returns the flow of least loss on the way, the first and the last included;
 * the caller owns it, and keeps the flow it began at.
 */
export async function descend(
  start: Tensor,
  moving: Tensor,
  fixed: Tensor,
  objective: RegistrationObjective,
  { steps, learningRate, onStep, signal }: DescendOptions,
): Promise<Reached> {
  const slope = valueAndGrad((flow: Tensor) => registrationLoss(flow, moving, fixed, objective));
  const optimizer = adam();
  let params = { flow: start.clone() };
  let state = optimizer.init(params);
  let best: Reached = { flow: start.clone(), loss: Infinity };
  const offer = (loss: number): void => {
    if (!(loss < best.loss)) return;
    best.flow.dispose();
    best = { flow: params.flow.clone(), loss };
  };
  try {
    for (let step = 0; step < steps && !signal?.aborted; step++) {
      const { value, grad } = slope(params.flow);
      const loss = (await value.data())[0]!;
      offer(loss);
      const next = optimizer.update({ flow: grad }, state, params, { step, learningRate });
      dispose([value, grad, params.flow, ...namedParams(state).values()]);
      ({ params, state } = next);
      onStep(step, loss);
      await nextTask();
    }
    offer(await lossOf(params.flow, moving, fixed, objective));
    return best;
  } catch (error) {
    best.flow.dispose();
    throw error;
  } finally {
    dispose([params.flow, ...namedParams(state).values()]);
  }
}
