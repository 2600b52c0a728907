import { backend_util } from '@tensorflow/tfjs-core';
import { fusedWork, input, output, product, type RuleTable, rulesFor, sizeOf } from './rule.js';

/** Matrix products: one multiply-add per element of the result and of the inner axis. */
export const products: RuleTable = {
  ...rulesFor(['BatchMatMul', '_FusedMatMul'], (node) => {
    const { shape } = input(node, 'a');
    const inner = shape.at(node.attributes.transposeA === true ? -2 : -1)!;
    return { macs: sizeOf(output(node)) * inner, elementwise: fusedWork(node) };
  }),
  // Of one tensor a sum along axes; of two, one multiply-add per combination of all indices.
  Einsum: ({ inputs, attributes }) => {
    const tensors = Object.values(inputs);
    const { idDims } = backend_util.decodeEinsumEquation(`${attributes.equation}`, tensors.length);
    const lengths = idDims.flatMap((ids, i) =>
      ids.map((id, axis) => [id, tensors[i]!.shape[axis]!] as const),
    );
    const combinations = product([...new Map(lengths).values()]);
    return tensors.length === 1 ? { elementwise: combinations } : { macs: combinations };
  },
};
