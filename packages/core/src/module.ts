import type { ParamsOf, SpecNode } from './params.js';
import type { Rescaling } from './rescaling.js';

/**
 * A differentiable map: its configuration is frozen inside, its weights arrive with each call.
 *
 * `apply` is a pure function of its arguments. It disposes none of them and returns tensors that the caller owns.
 */
export interface Module<Specs extends SpecNode, Input, Output> {
  /** The parameters that `apply` needs, as a tree of names. */
  readonly specs: Specs;
  apply(params: ParamsOf<Specs>, input: Input, at: Rescaling): Output;
}

/** The specs of a module's type, for signatures. */
export type SpecsOf<M> = M extends Module<infer Specs, never, unknown> ? Specs : never;
