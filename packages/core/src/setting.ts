import { ValueError } from './errors.js';
import type { Rng } from './rng.js';

/** A rescaling factor φ in [0, 1] common to all downsampling steps, or a list with one for each of them. */
export type Factor = number | readonly number[];

/**
 * With what a network is applied: the knobs that decide its cost, and what else its weights or layers depend on. `setting`
 * makes one.
 */
export interface Setting {
  /** The rescaling factor φ. One entry: the same for every step. Several: that of step 0, 1, … Each in [0, 1]. */
  readonly factors: readonly number[];
  /** The share w of the features of every stage that is used, in (0, 1]. 1 where the network has no such knob. */
  readonly width: number;
  /** The share ρ of the image's size along every axis that the network sees, in (0, 1]. 1 where it has no such knob. */
  readonly resolution: number;
  /** Further inputs of a hypernetwork, such as the weight of a regularizer; each in [0, 1]. */
  readonly conditions: readonly number[];
  /** In a step of training only: its generator. Layers split off generators of their own and never advance it. */
  readonly rng?: Rng;
}

/** What `setting` takes: its factor under one of two names, and what differs from the defaults. A `Setting` is one. */
export interface SettingOptions {
  /** One factor for all steps, or a list with one per step; each in [0, 1]. */
  readonly factor?: Factor | undefined;
  /** The same, always as a list, as in a `Setting`. */
  readonly factors?: readonly number[] | undefined;
  /** In (0, 1]. @default 1 */
  readonly width?: number | undefined;
  /** In (0, 1]. @default 1 */
  readonly resolution?: number | undefined;
  /** As many as the hypernetwork was made for, each in [0, 1]. @default none */
  readonly conditions?: readonly number[] | undefined;
  /**
   * Marks a step of training: layers that differ there, such as dropout, draw from it. Made for this step alone; the same
   * one gives the same masks. @default none, which means inference
   */
  readonly rng?: Rng | undefined;
}

/**
 * A checked `Setting`.
 *
 * @param options The factor alone, or an object with whatever else differs from the defaults.
 * @throws {ValueError} if a factor or condition is outside [0, 1] or not a number, there is no factor or two of them, or the
 * width or resolution is outside (0, 1].
 *
 * *Source*: the paper, sections 3 (common factor) and C.2 (separate factors).
 *
 * @example
 * network.apply(params, image, setting(0.25));
 * network.apply(params, image, setting([0.3, 0.4, 0.5, 0.5]));
 * network.apply(params, image, setting({ factor: 0.25, width: 0.5, resolution: 0.75 }));
 * model.apply(params, pair, setting({ factor: 0.25, conditions: [lambda], rng: Rng.fromSeed(seed).split(step) }));
 * const narrow = setting({ ...at, width: 0.25 });
 */
export function setting(options: Factor | SettingOptions): Setting {
  const { factor, factors, width = 1, resolution = 1, conditions = [], rng } = optionsOf(options);
  const given = factor ?? factors;
  const list = typeof given === 'number' ? [given] : [...(given ?? [])];
  if ((factor !== undefined && factors !== undefined) || list.length === 0 || !list.every(isShare)) {
    throw new ValueError({
      where: 'setting',
      got: factor !== undefined && factors !== undefined ? { factor, factors } : given,
      expected: 'a factor in [0, 1], or a list of them',
    });
  }
  for (const [name, share] of Object.entries({ width, resolution })) {
    if (!isShare(share) || share === 0)
      throw new ValueError({ where: `setting: ${name}`, got: share, expected: 'a number in (0, 1]' });
  }
  if (!conditions.every(isShare)) {
    throw new ValueError({ where: 'setting: conditions', got: conditions, expected: 'numbers in [0, 1]' });
  }
  const at = { factors: list, width, resolution, conditions: [...conditions] };
  return rng === undefined ? at : { ...at, rng };
}

function optionsOf(options: Factor | SettingOptions): SettingOptions {
  return typeof options === 'number' || isList(options) ? { factor: options } : options;
}

/** `Array.isArray` does not narrow a readonly list. */
function isList(value: readonly number[] | SettingOptions): value is readonly number[] {
  return Array.isArray(value);
}

function isShare(value: number): boolean {
  return value >= 0 && value <= 1;
}

/** The factor of downsampling step `step` (0 is the first). @throws {ValueError} if there is none for that step. */
export function factorAt(at: Setting, step: number): number {
  const factor = at.factors.length === 1 ? at.factors[0] : at.factors[step];
  if (factor === undefined) {
    throw new ValueError({
      where: `setting: step ${step}`,
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
