import type { GraphNode } from '@sshn/trace';
import { input, output, product, type RuleTable, rulesFor, sizeOf } from './rule.js';

/** How many elements the window of a pooling kernel has. */
function windowSize({ attributes }: GraphNode, rank: 2 | 3): number {
  const { filterSize } = attributes;
  return typeof filterSize === 'number' ? filterSize ** rank : product(filterSize as number[]);
}

/** One operation per element of the window, for every element of the result and on the way back of its gradient. */
export const pooling: RuleTable = {
  ...rulesFor(['AvgPool', 'MaxPool', 'MaxPoolWithArgmax'], (node) => ({
    elementwise: sizeOf(output(node)) * windowSize(node, 2),
  })),
  ...rulesFor(['AvgPool3D', 'MaxPool3D'], (node) => ({
    elementwise: sizeOf(output(node)) * windowSize(node, 3),
  })),
  ...rulesFor(['AvgPoolGrad', 'MaxPoolGrad'], (node) => ({
    elementwise: sizeOf(input(node, 'dy')) * windowSize(node, 2),
  })),
  ...rulesFor(['AvgPool3DGrad', 'MaxPool3DGrad'], (node) => ({
    elementwise: sizeOf(input(node, 'dy')) * windowSize(node, 3),
  })),
};
