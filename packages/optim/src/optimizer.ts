import {
  mapParams,
  namedParams,
  type ParamNode,
  paramTree,
  type SpecNode,
  StructureError,
  ValueError,
} from '@sshn/core';
import { type Tensor, util, zerosLike } from '@tensorflow/tfjs-core';

/**
 * What an optimizer remembers: a tree like the parameters for each of its slots. `namedParams` names its tensors
 * `SLOT.PATH`, as a checkpoint stores them.
 */
export interface OptimizerState {
  readonly [slot: string]: ParamNode;
}

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
  /**
   * What all gradients are multiplied by, ≥ 0, without a pass of its own: see `clippingScale`.
   * @default 1
   */
  readonly gradientScale?: number;
}

/** What an update makes: tensors of their own, all of which the caller owns. */
export interface Update<Params extends ParamNode> {
  readonly params: Params;
  readonly state: OptimizerState;
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
 * What it remembers between updates is an argument and a result, trees like the parameters, so that a checkpoint stores it as
 * it stores weights. It disposes nothing: the caller disposes the old parameters and the old state.
 *
 * @example
 * let state = optimizer.init(params);
 * const next = optimizer.update(gradients, state, params, { step, learningRate: rateAt(schedule, step) });
 * for (const tree of [params, state, gradients]) disposeParams(tree);
 */
export interface Optimizer {
  /** The names of what it remembers of every parameter, such as first and second moments. */
  readonly slots: readonly string[];
  /** The state before the first update; the caller owns it. */
  init(params: ParamNode): OptimizerState;
  /**
   * One update.
   *
   * @throws {StructureError} if gradients or state do not fit the parameters.
   * @throws {ValueError} if the step, the learning rate or the scale of gradients is no such number.
   */
  update<Params extends ParamNode>(
    gradients: Params,
    state: OptimizerState,
    params: Params,
    at: UpdateAt,
  ): Update<Params>;
}

/** A state of zeros. */
export function zeroState(slots: readonly string[], params: ParamNode): OptimizerState {
  return Object.fromEntries(slots.map((slot) => [slot, mapParams(params, (param) => zerosLike(param))]));
}

/**
 * The state of an optimizer from tensors by name, `SLOT.PATH`, as a checkpoint has them.
 *
 * @param specs Of the parameters.
 * @throws {StructureError} if a tensor is missing, unexpected, or of another shape.
 */
export function stateFrom(
  { slots }: Pick<Optimizer, 'slots'>,
  specs: SpecNode,
  tensors: ReadonlyMap<string, Tensor>,
): OptimizerState {
  const of = (slot: string) =>
    new Map(
      [...tensors].flatMap(([name, tensor]) =>
        name.startsWith(`${slot}.`) ? [[name.slice(slot.length + 1), tensor] as const] : [],
      ),
    );
  const unexpected = [...tensors.keys()].filter((name) => !slots.some((slot) => name.startsWith(`${slot}.`)));
  if (unexpected.length > 0) throw new StructureError({ missing: [], unexpected, misshapen: [] });
  return Object.fromEntries(slots.map((slot) => [slot, paramTree(specs, of(slot))]));
}

/**
 * The gradient of each parameter, and what each slot of the state holds of it, in the order of the parameters.
 *
 * @throws {StructureError} if gradients or state are not like the parameters.
 */
export function tensorsOf(
  { slots }: Pick<Optimizer, 'slots'>,
  gradients: ParamNode,
  state: OptimizerState,
  params: ParamNode,
): { readonly gradients: readonly Tensor[]; readonly state: ReadonlyArray<readonly Tensor[]> } {
  const expected = namedParams(params);
  requireLike([['', gradients]], expected);
  // Slot by slot: the paths of each slot's tree are known from the last step, those of the whole state would be sorted anew.
  requireLike(
    [...new Set([...slots, ...Object.keys(state)])].map((slot) => [`${slot}.`, state[slot] ?? {}]),
    expected,
    new Set(slots.map((slot) => `${slot}.`)),
  );
  const values = (tree: ParamNode) => [...namedParams(tree).values()];
  return { gradients: values(gradients), state: slots.map((slot) => values(state[slot]!)) };
}

/**
 * Checks trees against the parameters, each with what its paths begin with in errors.
 *
 * @param wanted The beginnings of trees that there must be. @default all
 */
function requireLike(
  trees: ReadonlyArray<readonly [prefix: string, tree: ParamNode]>,
  expected: ReadonlyMap<string, Tensor>,
  wanted: ReadonlySet<string> = new Set(trees.map(([prefix]) => prefix)),
): void {
  const missing: string[] = [];
  const unexpected: string[] = [];
  const misshapen: Array<{ path: string; got: readonly number[]; expected: readonly number[] }> = [];
  for (const [prefix, tree] of trees) {
    const got = namedParams(tree);
    const isWanted = wanted.has(prefix);
    for (const path of got.keys()) if (!isWanted || !expected.has(path)) unexpected.push(`${prefix}${path}`);
    if (!isWanted) continue;
    for (const [path, { shape }] of expected) {
      const tensor = got.get(path);
      if (tensor === undefined) missing.push(`${prefix}${path}`);
      else if (!util.arraysEqual(tensor.shape, shape))
        misshapen.push({ path: `${prefix}${path}`, got: tensor.shape, expected: shape });
    }
  }
  if (missing.length + unexpected.length + misshapen.length > 0) {
    throw new StructureError({ missing, unexpected, misshapen });
  }
}

/** Checks where an update is made. @throws {ValueError} if the step, the learning rate or the scale of gradients is no such number. */
export function checkUpdate({ step, learningRate, gradientScale = 1 }: UpdateAt): void {
  if (!Number.isSafeInteger(step) || step < 0) {
    throw new ValueError({ where: 'update: step', got: step, expected: 'an integer of at least 0' });
  }
  for (const [name, value] of Object.entries({ learningRate, gradientScale })) {
    if (!(value >= 0 && value < Infinity))
      throw new ValueError({ where: `update: ${name}`, got: value, expected: 'a number of at least 0' });
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
