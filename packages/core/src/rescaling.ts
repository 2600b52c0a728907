import { ValueError } from './errors.js';
import type { Rng } from './rng.js';

/** A rescaling factor φ in [0, 1] common to all downsampling steps, or a list with one for each of them. */
export type Factor = number | readonly number[];

/**
 * With what a network is applied: the rescaling factor φ of every downsampling step, and what else its weights or layers
 * depend on. `rescaling` makes one.
 */
export interface Rescaling {
  /** One entry: the same factor for every step. Several: the factor of step 0, 1, … Each in [0, 1]. */
  readonly factors: readonly number[];
  /** Further inputs of a hypernetwork, such as the weight of a regularizer; each in [0, 1]. */
  readonly conditions: readonly number[];
  /** In a step of training only: its generator. Layers split off generators of their own and never advance it. */
  readonly rng?: Rng;
}

/** What a rescaling has besides factors. */
export interface RescalingOptions {
  /** As many as the hypernetwork was made for, each in [0, 1]. @default none */
  readonly conditions?: readonly number[];
  /**
   * Marks a step of training: layers that differ there, such as dropout, draw from it. Made for this step alone; the same
   * one gives the same masks. @default none, which means inference
   */
  readonly rng?: Rng | undefined;
}

/**
 * A checked `Rescaling`.
 *
 * @param factor One factor for all steps, or a list with one per step; each in [0, 1].
 * @throws {ValueError} if a factor or condition is outside [0, 1] or not a number, or there is no factor.
 *
 * *Source*: the paper, sections 3 (common factor) and C.2 (separate factors).
 *
 * @example
 * network.apply(params, image, rescaling(0.25));
 * network.apply(params, image, rescaling([0.3, 0.4, 0.5, 0.5]));
 * model.apply(params, pair, rescaling(0.25, { conditions: [lambda], rng: Rng.fromSeed(seed).split(step) }));
 */
export function rescaling(factor: Factor, options: RescalingOptions = {}): Rescaling {
  const { conditions = [], rng } = options;
  const factors = typeof factor === 'number' ? [factor] : [...factor];
  if (factors.length === 0 || !factors.every(isShare)) {
    throw new ValueError({
      where: 'rescaling',
      got: factor,
      expected: 'a factor in [0, 1], or a list of them',
    });
  }
  if (!conditions.every(isShare)) {
    throw new ValueError({ where: 'rescaling: conditions', got: conditions, expected: 'numbers in [0, 1]' });
  }
  return { factors, conditions: [...conditions], ...(rng === undefined ? {} : { rng }) };
}

function isShare(value: number): boolean {
  return value >= 0 && value <= 1;
}

/** The factor of downsampling step `step` (0 is the first). @throws {ValueError} if there is none for that step. */
export function factorAt(at: Rescaling, step: number): number {
  const factor = at.factors.length === 1 ? at.factors[0] : at.factors[step];
  if (factor === undefined) {
    throw new ValueError({
      where: `rescaling: step ${step}`,
      got: at.factors,
      expected: `one factor, or at least ${step + 1} (one per downsampling step)`,
    });
  }
  return factor;
}

/**
 * The size of a feature map after downsampling: max(1, ⌊φ·size + ½⌋) along every axis, so halves round up and
 * φ = 0 collapses to one pixel.
 *
 * *Source*: the paper, sections 4.4 and A.1 ("nearest integer"); section 3 writes ⌈φH⌉ instead.
 */
export function rescaledSize(size: readonly number[], factor: number): number[] {
  return size.map((n) => Math.max(1, Math.floor(factor * n + 0.5)));
}
