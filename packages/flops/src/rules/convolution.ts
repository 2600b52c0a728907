import { convolutionMacs } from '@sshn/ops';
import type { GraphNode, TensorShape } from '@sshn/trace';
import {
  type FlopRule,
  fusedWork,
  input,
  output,
  product,
  type RuleTable,
  rulesFor,
  sizeOf,
} from './rule.js';

/** Every element of the forward output meets one window of the filter `[height, width, inChannels, multiplier]`. */
function depthwiseMacs(result: TensorShape, filterShape: readonly number[]): number {
  return sizeOf(result) * product(filterShape.slice(0, 2));
}

const forward: FlopRule = (node) => ({
  macs: convolutionMacs(output(node), input(node, 'filter')),
  elementwise: fusedWork(node),
});

const depthwise: FlopRule = (node) => ({
  macs: depthwiseMacs(output(node), input(node, 'filter').shape),
  elementwise: fusedWork(node),
});

/** An addition and a comparison per element of the window. */
function dilationWork(node: GraphNode, result: TensorShape): number {
  return 2 * sizeOf(result) * product(input(node, 'filter').shape.slice(0, 2));
}

/** Convolutions and their gradients. */
export const convolution: RuleTable = {
  ...rulesFor(['Conv2D', 'FusedConv2D', 'Conv3D'], forward),
  ...rulesFor(['Conv2DBackpropInput', 'Conv3DBackpropInputV2'], (node) => ({
    macs: convolutionMacs(input(node, 'dy'), input(node, 'filter')),
  })),
  ...rulesFor(['Conv2DBackpropFilter', 'Conv3DBackpropFilterV2'], (node) => ({
    macs: convolutionMacs(input(node, 'dy'), output(node)),
  })),
  ...rulesFor(['DepthwiseConv2dNative', 'FusedDepthwiseConv2D'], depthwise),
  DepthwiseConv2dNativeBackpropInput: (node) => ({
    macs: depthwiseMacs(input(node, 'dy'), input(node, 'filter').shape),
  }),
  DepthwiseConv2dNativeBackpropFilter: (node) => ({
    macs: depthwiseMacs(input(node, 'dy'), output(node).shape),
  }),
  Dilation2D: (node) => ({ elementwise: dilationWork(node, output(node)) }),
  ...rulesFor(['Dilation2DBackpropFilter', 'Dilation2DBackpropInput'], (node) => ({
    elementwise: dilationWork(node, input(node, 'dy')),
  })),
};
