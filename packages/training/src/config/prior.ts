import { option, type Rng } from '@sshn/core';
import { type distributions, priorFaults, priorKinds } from '@sshn/model';

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

/** Where the rescaling factor of each training step comes from. */
export const priorOptions = option.variants(priorKinds, {
  optional: true,
  usually: 'uniform from 0 to 0.5; of fixed 0.5',
  help: 'Where the rescaling factor of each training step comes from',
  check: priorFaults,
});
