import { namedSpecs, type ParamNode, paramTree, type SpecNode } from '@sshn/core';
import { fill } from '@tensorflow/tfjs-core';

/** Parameters that hold one value each, by path: for networks that are computed by hand. */
export function constantParams(specs: SpecNode, valueAt: (path: string) => number): ParamNode {
  const tensors = namedSpecs(specs).map(
    ([path, { shape }]) => [path, fill([...shape], valueAt(path))] as const,
  );
  return paramTree(specs, new Map(tensors));
}
