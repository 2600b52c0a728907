import type { ParamNode, Rescaling, SpecNode } from '@sshn/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/**
 * A module that maps one tensor to one tensor, with whatever parameters: what the containers hold, and what they are.
 */
export interface Layer {
  readonly specs: SpecNode;
  apply(params: ParamNode, x: Tensor, at: Rescaling): Tensor;
}

/** Layers with names, or a list, which names them '0', '1', … */
export type Layers = readonly Layer[] | { readonly [name: string]: Layer };
