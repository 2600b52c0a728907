import { type Factor, type Rng, type Setting, setting, ValueError } from '@sshn/core';
import { drawFrom, type Spread } from '../config/prior.js';
import type { RunConfig } from '../config/run-config.js';

/** The distribution of the rescaling factors while training. */
export type Prior =
  | { readonly kind: 'constant'; readonly factor: Factor }
  | (Omit<Spread, 'distribution'> & {
      readonly kind: 'uniform';
      /** How many are drawn, independently of each other: one per downsampling step. Absent: one for all steps. */
      readonly factors?: number;
    });

/** The words of a configuration that decide about factors. */
export type FactorWords = Pick<RunConfig, 'method' | 'prior' | 'rescaling' | 'architecture'>;

/**
 * The prior of a run: the one configured, else φ = 0.5 for Fixed and φ ~ U(0, 0.5) for the other methods (paper, 4.4); with
 * separate rescaling, as many factors as the network has downsampling steps (paper, C.2).
 *
 * @throws {ValueError} if a list of factors has more or fewer than the network has downsampling steps.
 */
export function priorOf(config: FactorWords): Prior {
  const { method, prior: given } = config;
  const standard =
    method === 'fixed'
      ? ({ kind: 'constant', factor: 0.5 } as const)
      : ({ kind: 'uniform', low: 0, high: 0.5 } as const);
  const prior = given ?? standard;
  if (prior.kind === 'constant') return { ...prior, factor: factorIn(config, prior.factor) };
  return config.rescaling === 'common'
    ? prior
    : { ...prior, factors: downsamplingSteps(config.architecture) };
}

/**
 * A factor as a run's network takes it: with separate rescaling one per downsampling step, all the same where one is given.
 *
 * @throws {ValueError} if there are more or fewer factors than the network takes.
 * @example
 * factorIn(parseRunConfig({ rescaling: 'separate' }, 'example'), 0.25);   // [0.25, 0.25, 0.25, 0.25]
 */
export function factorIn(config: Omit<FactorWords, 'prior'>, factor: Factor): Factor {
  if (config.rescaling === 'common') {
    if (typeof factor === 'number') return factor;
    throw new ValueError({
      where: 'rescaling factors',
      got: factor,
      expected: 'one factor, as the run has a common one for all steps',
      hint: "Separate ones are trained with rescaling: 'separate'.",
    });
  }
  const steps = downsamplingSteps(config.architecture);
  if (typeof factor === 'number') return Array<number>(steps).fill(factor);
  if (factor.length === steps) return factor;
  throw new ValueError({
    where: 'rescaling factors',
    got: factor,
    expected: `one for all steps, or ${steps}: one per downsampling step of the network`,
  });
}

/** A setting drawn from the prior. A constant one takes nothing from the generator. */
export function sampleSetting(prior: Prior, rng: Rng): Setting {
  if (prior.kind === 'constant') return setting(prior.factor);
  const { low, high, endpoints = 0, factors = 1 } = prior;
  return setting(Array.from({ length: factors }, () => drawFrom({ low, high, endpoints }, rng)));
}

/** Factors that stand for the whole prior when validating: the constant one, or a few spread over the range. */
export function representativeFactors(prior: Prior): Factor[] {
  if (prior.kind === 'constant') return [prior.factor];
  return [0.2, 0.5, 1].map((share) => prior.low + share * (prior.high - prior.low));
}

/** How many downsampling steps a network has: one less than it has stages. */
export function downsamplingSteps({
  features,
  stages = 5,
}: Pick<RunConfig['architecture'], 'features' | 'stages'>): number {
  return (typeof features === 'number' ? stages : features.length) - 1;
}

/** The factors of settings as people write them: a number where there is one, else the list. */
export function factorOf(settings: readonly Setting[]): Factor {
  const factors = settings.flatMap((one) => one.factors);
  return factors.length === 1 ? factors[0]! : factors;
}
