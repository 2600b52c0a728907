import { StructureError, ValueError } from '@sshn/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** Tensors by name, in canonical order: parameters, their gradients, or what an optimizer remembers of them. */
export type NamedTensors = ReadonlyMap<string, Tensor>;

/** Where training stands when an optimizer updates. */
export interface UpdateAt {
  /** Updates done before this one: 0 for the first. */
  readonly step: number;
  /** Learning rate of this update, ≥ 0; see `rateAt`. */
  readonly learningRate: number;
  /**
   * Whether new values may take the memory of the old: tensors of `params` and `state` then hold nothing of meaning, and
   * are only good to be disposed. Clones of them stay as they are.
   * @default false
   */
  readonly overwrite?: boolean;
}

/** What an update makes: tensors of their own, all of which the caller owns. */
export interface Update {
  readonly params: Map<string, Tensor>;
  readonly state: Map<string, Tensor>;
}

/** Options of every optimizer. */
export interface OptimizerOptions {
  /**
   * Multiplies the learning rate of a parameter, by its path: 0 freezes it.
   * @default 1 for every path
   */
  readonly scale?: (path: string) => number;
}

/**
 * A pure rule that moves parameters against their gradients.
 *
 * What it remembers between updates is an argument and a result, tensors by name, so that a checkpoint stores it as it
 * stores weights. It disposes nothing: the caller disposes the old parameters and the old state.
 *
 * @example
 * let state = optimizer.init(params);
 * const next = optimizer.update(gradients, state, params, { step, learningRate: rateAt(schedule, step) });
 * dispose([...params.values(), ...state.values(), ...gradients.values()]);
 */
export interface Optimizer {
  /** The state before the first update; the caller owns it. */
  init(params: NamedTensors): Map<string, Tensor>;
  /**
   * One update.
   *
   * @throws {StructureError} if gradients or state do not fit the parameters.
   * @throws {ValueError} if the step or the learning rate is no such number.
   */
  update(gradients: NamedTensors, state: NamedTensors, params: NamedTensors, at: UpdateAt): Update;
}

/** Checks the arguments of an update. @param slots The prefixes under which the state keeps a tensor per parameter. */
export function checkUpdate(
  { gradients, state, params }: Record<'gradients' | 'state' | 'params', NamedTensors>,
  slots: readonly string[],
  { step, learningRate }: UpdateAt,
): void {
  if (!Number.isSafeInteger(step) || step < 0) {
    throw new ValueError({ where: 'update: step', got: step, expected: 'an integer of at least 0' });
  }
  if (!(learningRate >= 0 && learningRate < Infinity)) {
    throw new ValueError({
      where: 'update: learningRate',
      got: learningRate,
      expected: 'a number of at least 0',
    });
  }
  checkNames(gradients, params);
  checkNames(state, new Map(slots.flatMap((slot) => [...params].map(([path, p]) => [`${slot}.${path}`, p]))));
}

function checkNames(got: NamedTensors, expected: NamedTensors): void {
  const missing = [...expected.keys()].filter((name) => !got.has(name));
  const unexpected = [...got.keys()].filter((name) => !expected.has(name));
  const misshapen = [...expected]
    .filter(([name, { shape }]) => got.has(name) && got.get(name)!.shape.join() !== shape.join())
    .map(([path, { shape }]) => ({ path, got: got.get(path)!.shape, expected: shape }));
  if (missing.length + unexpected.length + misshapen.length > 0) {
    throw new StructureError({ missing, unexpected, misshapen });
  }
}

/** Checks a decay such as momentum or β. @throws {ValueError} unless it is in [0, 1). */
export function checkDecays(where: string, decays: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(decays)) {
    if (!(value >= 0 && value < 1)) {
      throw new ValueError({ where: `${where}: ${name}`, got: value, expected: 'a number in [0, 1)' });
    }
  }
}
