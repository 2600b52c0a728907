import { option, type ValuesOf } from '@sshn/core';
import { adam, adamW } from './adam.js';
import { averaged } from './average.js';
import type { Optimizer } from './optimizer.js';
import { constantRate, cosineRate, type Schedule, warmUp } from './schedules.js';
import { sgd } from './sgd.js';

/** Steps of warm-up where nothing says how many. */
const usualWarmUp = 100;
/** The largest part of a run that warms up where nothing says how many steps do. */
const warmUpShare = 0.1;

/** How weights are moved, as data: what `createOptimizer` and `createSchedule` take. */
export const optimizerOptions = {
  kind: option.choice(['adam', 'adamW', 'sgd'], { default: 'adam', help: 'Optimizer' }),
  learningRate: option.number({ above: 0, default: 2e-3, help: 'Peak learning rate' }),
  beta1: option.number({
    least: 0,
    below: 1,
    default: 0.9,
    help: 'Decay of the first moment (momentum for sgd)',
  }),
  beta2: option.number({ least: 0, below: 1, default: 0.99, help: 'Decay of the second moment' }),
  weightDecay: option.number({ least: 0, default: 0, help: 'Decoupled weight decay (adamW)' }),
  clipNorm: option.number({
    above: 0,
    nullable: true,
    default: 1,
    help: 'Largest global gradient norm; null for no clipping',
  }),
  averageDecay: option.number({
    least: 0,
    below: 1,
    optional: true,
    usually: 'no average',
    help: 'Decay of a moving average of the weights, which is then what is validated and kept; 0.999 is usual',
  }),
  schedule: option.choice(['constant', 'cosine'], { default: 'cosine', help: 'Course of the learning rate' }),
  warmUpSteps: option.integer({
    least: 0,
    optional: true,
    usually: `${usualWarmUp}, or a tenth of the run`,
    help: 'Steps until the peak learning rate is reached',
  }),
};

/** How weights are moved: an optimizer, and the course of its learning rate. */
export type OptimizerConfig = ValuesOf<typeof optimizerOptions>;

/** The optimizer that a configuration names, averaging weights where it says so. */
export function createOptimizer(config: OptimizerConfig): Optimizer {
  const optimizer = plainOptimizer(config);
  return config.averageDecay === undefined ? optimizer : averaged(optimizer, { decay: config.averageDecay });
}

function plainOptimizer({ kind, beta1, beta2, weightDecay }: OptimizerConfig): Optimizer {
  if (kind === 'sgd') return sgd({ momentum: beta1 });
  return kind === 'adamW' ? adamW({ beta1, beta2, weightDecay }) : adam({ beta1, beta2 });
}

/**
 * The course of the learning rate over a run. Unless a number of warm-up steps is given, there are 100, or a tenth of the run
 * where that is less, so that short runs reach their peak as well.
 *
 * @param steps Updates of the whole run, ≥ 1.
 */
export function createSchedule(
  { learningRate: rate, schedule, warmUpSteps }: OptimizerConfig,
  steps: number,
): Schedule {
  const rising = warmUpSteps ?? Math.min(usualWarmUp, Math.floor(steps * warmUpShare));
  const course =
    schedule === 'cosine' ? cosineRate({ rate, steps: Math.max(1, steps - rising) }) : constantRate(rate);
  return rising === 0 ? course : warmUp(rising, course);
}
