import { convolutionMacs, sizeOf, type TensorShape } from '@sshn/ops';
import type { Graph, GraphNode } from '@sshn/trace';
import type { MeasuredNode } from './measure.js';
import type { Cost } from './report.js';

/**
 * The cost with the maps of decoders convolved at their own resolution, wherever that takes fewer operations: see `applyJoinedConvolution` of
 * @sshn/ops.
 *
 * The products of a 3×3 (3×3×3) convolution with an upsampled map are made at the low resolution, and interpolated along one axis after the
 * other: per feature 6 multiply-adds a pixel along the width, before that 18 for each column of the map in each row of the result, and in
 * volumes before that 54 for each row and column of the map in each slice. A convolution of 1×1 comes before the upsampling.
 */
export function joinedCost({ nodes }: Graph, counted: readonly MeasuredNode[]): Cost {
  const costs = new Map(counted.map((cost) => [cost.node, cost]));
  const costOf = (node: GraphNode): Cost => costs.get(node) ?? { macs: 0, flops: 0 };
  const readersOf = ({ outputs: [output] }: GraphNode) =>
    nodes.filter(({ inputs }) => Object.values(inputs).includes(output!));
  const total = sum(counted);
  for (const concat of nodes) {
    const [first, second, ...others] = Object.values(concat.inputs);
    if (concat.kernel !== 'Concat' || second === undefined || others.length > 0) continue;
    const upsampling = nodes.find(({ kernel, outputs }) => kernel === 'SshnResize' && outputs[0] === first);
    if (upsampling === undefined || concat.attributes.axis !== first!.shape.length - 1) continue;
    const convolutions = readersOf(concat);
    if (readersOf(upsampling).length > 1 || !convolutions.every(isJoinable)) continue;
    const before = sum([upsampling, ...convolutions].map(costOf));
    const low = upsampling.inputs.x!;
    const after = sum(convolutions.map((convolution) => costApart(convolution, costOf(convolution), low)));
    if (after.flops >= before.flops) continue;
    total.macs += after.macs - before.macs;
    total.flops += after.flops - before.flops;
  }
  return total;
}

function isJoinable({ kernel, inputs }: GraphNode): boolean {
  const edges = kernel === 'SshnConv' ? inputs.kernel!.shape.slice(0, -2) : [];
  return edges.length > 0 && [1, 3].some((window) => edges.every((edge) => edge === window));
}

/** Of a convolution that cost `whole` with the map upsampled and concatenated. */
function costApart({ inputs, outputs }: GraphNode, whole: Cost, low: TensorShape): Cost {
  const y = outputs[0]!;
  const edges = inputs.kernel!.shape.slice(0, -2);
  const [inChannels, outChannels] = inputs.kernel!.shape.slice(-2) as [number, number];
  const lowChannels = low.shape.at(-1)!;
  const products = { shape: [...low.shape.slice(0, -1), outChannels] };
  const half = (channels: number) => ({ shape: [...edges, channels, outChannels] });
  const rank = edges.length;
  const is1x1 = edges[0] === 1;
  /** Share of the result's rows and columns, along the last axes, that the map has. */
  const share = (axes: number) =>
    low.shape.slice(-1 - axes, -1).reduce((part, edge, i) => (part * edge) / y.shape.at(i - 1 - axes)!, 1);
  const weights = is1x1 ? 0 : 6 + 18 * share(1) + (rank === 3 ? 54 * share(2) : 0);
  const macs =
    convolutionMacs(y, half(inChannels - lowChannels)) +
    convolutionMacs(products, half(lowChannels)) +
    weights * sizeOf(y);
  // Both halves are added, behind an upsampling where they are 1×1; bias and rectifier stay.
  const elementwise = whole.flops - 2 * whole.macs + (is1x1 ? 2 * rank + 1 : 1) * sizeOf(y);
  return { macs, flops: 2 * macs + elementwise };
}

function sum(costs: readonly Cost[]): { macs: number; flops: number } {
  const total = { macs: 0, flops: 0 };
  for (const { macs, flops } of costs) {
    total.macs += macs;
    total.flops += flops;
  }
  return total;
}
