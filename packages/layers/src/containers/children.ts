import { type ParamNode, type Rescaling, type SpecNode, scoped } from '@sshn/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Layers } from '../layer.js';

/** A layer of a container, which finds its own parameters in those of the container. */
export interface Child {
  readonly name: string;
  apply(params: ParamNode, x: Tensor, at: Rescaling): Tensor;
}

/** What all containers have in common: children under names, in the order given, and the tree of their specs. */
export function childrenOf(layers: Layers): {
  readonly specs: SpecNode;
  readonly children: readonly Child[];
} {
  const { modules, specs } = scoped(layers);
  const children = Object.entries(modules).map(([name, layer]): Child => {
    return {
      name,
      apply: (params, x, at) => layer.apply((params as Record<string, ParamNode>)[name]!, x, at),
    };
  });
  return { specs, children };
}
