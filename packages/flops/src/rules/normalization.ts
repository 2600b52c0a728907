import { input, output, type RuleTable, sizeOf } from './rule.js';

/** Per element of the output. */
export const normalization: RuleTable = {
  // One multiplication and one addition, as statistics, scale and offset fold into two numbers per channel.
  FusedBatchNorm: (node) => {
    const isAffine = node.inputs.scale !== undefined || node.inputs.offset !== undefined;
    return { elementwise: (isAffine ? 2 : 1) * sizeOf(output(node)) };
  },
  // Maximum, difference, exponential, sum, quotient.
  Softmax: (node) => ({ elementwise: 5 * sizeOf(output(node)) }),
  // A square and a sum per neighbor; scale, shift, power, quotient.
  LRN: (node) => ({ elementwise: sizeOf(output(node)) * (2 * neighbors(node.attributes.depthRadius) + 4) }),
  LRNGrad: (node) => ({
    elementwise: sizeOf(input(node, 'dy')) * (4 * neighbors(node.attributes.depthRadius) + 8),
  }),
};

function neighbors(depthRadius: unknown): number {
  return 2 * Number(depthRadius) + 1;
}
