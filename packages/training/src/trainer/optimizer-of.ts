import type { RunConfig } from '../config/run-config.js';
import { adam, adamW } from '../optimizers/adam.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { constantRate, cosineRate, type Schedule, warmUp } from '../optimizers/schedules.js';
import { sgd } from '../optimizers/sgd.js';

/** The optimizer that a configuration names. */
export function optimizerOf({ optimizer }: Pick<RunConfig, 'optimizer'>): Optimizer {
  const { kind, beta1, beta2, weightDecay } = optimizer;
  if (kind === 'sgd') return sgd({ momentum: beta1 });
  return kind === 'adamW' ? adamW({ beta1, beta2, weightDecay }) : adam({ beta1, beta2 });
}

/** The course of the learning rate over `steps` updates. */
export function scheduleOf({ optimizer }: Pick<RunConfig, 'optimizer'>, steps: number): Schedule {
  const { learningRate: rate, schedule, warmUpSteps } = optimizer;
  const course =
    schedule === 'cosine'
      ? cosineRate({ rate, steps: Math.max(1, steps - warmUpSteps) })
      : constantRate(rate);
  return warmUpSteps === 0 ? course : warmUp(warmUpSteps, course);
}
