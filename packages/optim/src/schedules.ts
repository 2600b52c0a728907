import { requireIntegers, ValueError } from '@sshn/core';

/** The course of a learning rate as plain data, so that a config or a checkpoint can hold it. */
export type Schedule =
  | { readonly kind: 'constant'; readonly rate: number }
  | { readonly kind: 'cosine'; readonly rate: number; readonly steps: number; readonly final: number }
  | { readonly kind: 'warmUp'; readonly steps: number; readonly then: Schedule };

/** The same rate at every step. @throws {ValueError} if it is negative or not finite. */
export function constantRate(rate: number): Schedule {
  checkRates('constantRate', { rate });
  return { kind: 'constant', rate };
}

/**
 * Half a cosine wave from `rate` at step 0 down to `final` at step `steps`, where it stays:
 * `final + (rate − final) (1 + cos(π step / steps)) / 2`.
 *
 * @throws {ValueError} if a rate is negative or not finite, or `steps` is not a positive integer.
 * @example
 * rateAt(cosineRate({ rate: 1e-3, steps: 1000 }), 500);   // 5e-4
 *
 * *Source*: Loshchilov & Hutter, "SGDR" (2017), equation 5, without restarts.
 */
export function cosineRate(options: { rate: number; steps: number; final?: number }): Schedule {
  const { rate, steps, final = 0 } = options;
  checkRates('cosineRate', { rate, final });
  requireIntegers('cosineRate', { steps });
  return { kind: 'cosine', rate, steps, final };
}

/**
 * Rises in `steps` equal steps to the first rate of another schedule, then follows that one from its beginning.
 *
 * The first step has 1/steps of that rate, step `steps − 1` all of it.
 *
 * @throws {ValueError} if `steps` is not an integer ≥ 0.
 * @example
 * warmUp(100, cosineRate({ rate: 1e-3, steps: 900 }));
 */
export function warmUp(steps: number, then: Schedule): Schedule {
  requireIntegers('warmUp', { steps }, 0);
  return { kind: 'warmUp', steps, then };
}

/** The learning rate of a step. @param step Updates done before: 0 for the first. */
export function rateAt(schedule: Schedule, step: number): number {
  switch (schedule.kind) {
    case 'constant':
      return schedule.rate;
    case 'cosine': {
      const { rate, steps, final } = schedule;
      return final + ((rate - final) * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps))) / 2;
    }
    case 'warmUp': {
      const { steps, then } = schedule;
      return step < steps ? (rateAt(then, 0) * (step + 1)) / steps : rateAt(then, step - steps);
    }
  }
}

function checkRates(where: string, rates: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(rates)) {
    if (!(value >= 0 && value < Infinity)) {
      throw new ValueError({ where: `${where}: ${name}`, got: value, expected: 'a number of at least 0' });
    }
  }
}

/** What a schedule amounts to over a run. */
export interface ScheduleSummary {
  /** Updates of the run. */
  readonly steps: number;
  /** Updates of it before the highest rate. */
  readonly warmUpSteps: number;
  /** The highest rate of the run. */
  readonly highest: number;
  /** The rate of its last update. */
  readonly last: number;
}

/** Summarizes a schedule over the first `steps` updates, ≥ 1. */
export function summarizeSchedule(schedule: Schedule, steps: number): ScheduleSummary {
  requireIntegers('summarizeSchedule', { steps });
  const rising = schedule.kind === 'warmUp' ? schedule.steps : 0;
  // After a warm-up rates never rise.
  const peak = Math.max(0, Math.min(rising, steps) - 1);
  return {
    steps,
    warmUpSteps: Math.min(rising, steps),
    highest: rateAt(schedule, peak),
    last: rateAt(schedule, steps - 1),
  };
}
