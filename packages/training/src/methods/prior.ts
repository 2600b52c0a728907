import { type Factor, option, type Rescaling, type Rng, rescaling, ValueError } from '@sshn/core';
import type { RunConfig } from '../config/run-config.js';

/** Distributions over a range, by name. */
export const distributions = ['uniform', 'logUniform'] as const;

/** A number that every step of training draws for the hypernetwork: a rescaling factor, or λ. */
export interface Spread {
  readonly low: number;
  readonly high: number;
  /** 'logUniform' draws the logarithm uniformly: every order of magnitude as often; `low` is above 0. @default 'uniform' */
  readonly distribution?: (typeof distributions)[number];
  /**
   * Share of the draws that are `low` or `high` themselves, half of them each: a uniform draw is seldom near its ends, and a
   * network is least sure there. @default 0
   */
  readonly endpoints?: number;
}

/**
 * A draw. Takes one number from the generator, or where there is a share of endpoints, up to two.
 *
 * *Source*: Hoopes et al., HyperMorph (2022), and voxelmorph issue 419, on what a uniform λ does to the ends.
 */
export function drawFrom({ low, high, distribution = 'uniform', endpoints = 0 }: Spread, rng: Rng): number {
  if (endpoints > 0) {
    const place = rng.uniform(0, 1);
    if (place < endpoints) return place < endpoints / 2 ? low : high;
  }
  if (distribution === 'uniform') return rng.uniform(low, high);
  return Math.min(high, Math.max(low, Math.exp(rng.uniform(Math.log(low), Math.log(high)))));
}

/** The number in the middle of a spread, by its own measure. */
export function middleOf({ low, high, distribution = 'uniform' }: Spread): number {
  return distribution === 'uniform' ? (low + high) / 2 : Math.sqrt(low * high);
}

const factor = { least: 0, most: 1 } as const;

/** Where the rescaling factor of each training step comes from. */
export const priorOptions = option.variants(
  {
    constant: {
      factor: option.oneOrList(option.number({ ...factor, help: '' }), {
        help: 'The factor; a list has one for each downsampling step',
      }),
    },
    uniform: {
      low: option.number({ ...factor, help: 'The smallest factor' }),
      high: option.number({ ...factor, help: 'The largest factor' }),
      endpoints: option.number({
        ...factor,
        optional: true,
        usually: '0',
        help: 'Share of the draws that are the smallest or the largest factor',
      }),
    },
  },
  {
    optional: true,
    usually: 'uniform from 0 to 0.5; of fixed 0.5',
    help: 'Where the rescaling factor of each training step comes from',
    check: (prior) =>
      prior.kind === 'uniform' && prior.low > prior.high ? [{ path: ['high'], message: 'is below low' }] : [],
  },
);

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

/** A rescaling drawn from the prior. A constant one takes nothing from the generator. */
export function sampleRescaling(prior: Prior, rng: Rng): Rescaling {
  if (prior.kind === 'constant') return rescaling(prior.factor);
  const { low, high, endpoints = 0, factors = 1 } = prior;
  return rescaling(Array.from({ length: factors }, () => drawFrom({ low, high, endpoints }, rng)));
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

/** The factor of a rescaling as people write it: a number where it has one, else the list. */
export function factorOf({ factors }: Rescaling): Factor {
  return factors.length === 1 ? factors[0]! : factors;
}
