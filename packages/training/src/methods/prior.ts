import { type Rescaling, type Rng, rescaling } from '@sshn/core';
import type { RunConfig } from '../config/run-config.js';

/** The distribution of the rescaling factor while training. */
export type Prior = NonNullable<RunConfig['prior']>;

/** The prior of a run: the one configured, else φ = 0.5 for Fixed and φ ~ U(0, 0.5) for the other methods (paper, 4.4). */
export function priorOf({ method, prior }: Pick<RunConfig, 'method' | 'prior'>): Prior {
  return (
    prior ?? (method === 'fixed' ? { kind: 'constant', factor: 0.5 } : { kind: 'uniform', low: 0, high: 0.5 })
  );
}

/** A rescaling drawn from the prior. A constant one takes nothing from the generator. */
export function sampleRescaling(prior: Prior, rng: Rng): Rescaling {
  return rescaling(prior.kind === 'constant' ? prior.factor : rng.uniform(prior.low, prior.high));
}

/** Factors that stand for the whole prior when validating: the constant one, or a few spread over the range. */
export function representativeFactors(prior: Prior): number[] {
  if (prior.kind === 'constant') return [prior.factor];
  return [0.2, 0.5, 1].map((share) => prior.low + share * (prior.high - prior.low));
}
