import { ValueError } from './errors.js';
import type { Rng } from './rng.js';

/** A rescaling factor φ in [0, 1] common to all downsampling steps, or a list with one for each of them. */
export type Factor = number | readonly number[];

/** The rescaling factor φ of every downsampling step: one for all of them, or one each. */
export interface Rescaling {
  /** One entry: the same factor for every step. Several: the factor of step 0, 1, … Each in [0, 1]. */
  readonly factors: readonly number[];
  /** What a hypernetwork is told besides the factors, such as the weight of a regularizer; each in [0, 1]. */
  readonly conditions?: readonly number[];
  /** Present in a step of training only: what layers that differ there, such as dropout, need. */
  readonly training?: Training;
}

/** What a step of training tells its layers. */
export interface Training {
  /** Of this step alone. Layers split off generators of their own and never advance it. */
  readonly rng: Rng;
}

/**
 * A checked `Rescaling`.
 *
 * @param factor One factor for all steps, or a list with one per step; each in [0, 1].
 * @throws {ValueError} if a factor is outside [0, 1] or not a number, or the list is empty.
 *
 * *Source*: the paper, sections 3 (common factor) and C.2 (separate factors).
 *
 * @example
 * network.apply(params, image, rescaling(0.25));
 * network.apply(params, image, rescaling([0.3, 0.4, 0.5, 0.5]));
 */
export function rescaling(factor: Factor): Rescaling {
  const factors = typeof factor === 'number' ? [factor] : [...factor];
  if (factors.length === 0 || !factors.every((f) => f >= 0 && f <= 1)) {
    throw new ValueError({
      where: 'rescaling',
      got: factor,
      expected: 'a factor in [0, 1], or a list of them',
    });
  }
  return { factors };
}

/**
 * The same rescaling with further inputs for a hypernetwork that was made for as many.
 *
 * @param conditions Each in [0, 1].
 * @throws {ValueError} if one is outside [0, 1] or not a number.
 *
 * @example
 * const at = conditioned(rescaling(0.25), [lambda]);
 */
export function conditioned(at: Rescaling, conditions: readonly number[]): Rescaling {
  if (!conditions.every((condition) => condition >= 0 && condition <= 1)) {
    throw new ValueError({ where: 'conditioned', got: conditions, expected: 'conditions in [0, 1]' });
  }
  return { ...at, conditions };
}

/**
 * The same rescaling within a step of training: dropout is active, its masks drawn from `rng`. A rescaling without it, as
 * `rescaling` makes them, means inference.
 *
 * @param rng A generator for this step alone; the same one gives the same masks.
 *
 * @example
 * const at = inTraining(rescaling(0.25), Rng.fromSeed(seed).split(step));
 */
export function inTraining(at: Rescaling, rng: Rng): Rescaling {
  return { ...at, training: { rng } };
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
