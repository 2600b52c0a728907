import { sizeOf } from '@sshn/ops';
import type { Graph, GraphTensor } from '@sshn/trace';
import { util } from '@tensorflow/tfjs-core';

/** Kernels whose output is the same memory as their input, on every backend. */
const views = new Set(['ExpandDims', 'Reshape']);

/** The steps at which a tensor is in memory, the first and the last included. */
interface Lifetime {
  readonly bytes: number;
  readonly from: number;
  until: number;
}

/**
 * The most bytes that activations take at one time when nodes run in the recorded order and every tensor is freed after
 * its last use: inputs live from the start, results from the node that makes them, outputs to the end. While a node
 * runs, its inputs and outputs are all there. Reshaped tensors share their memory. Parameters and tensors captured from
 * outside are no activations.
 */
export function peakActivationBytes({ nodes, leaves, outputs }: Graph): number {
  const lifetimes = new Map<GraphTensor, Lifetime>();
  const storage = new Map<GraphTensor, GraphTensor>();
  const stored = (tensor: GraphTensor): GraphTensor => storage.get(tensor) ?? tensor;
  const begin = (tensor: GraphTensor, step: number): void => {
    lifetimes.set(tensor, {
      bytes: sizeOf(tensor) * util.bytesPerElement(tensor.dtype),
      from: step,
      until: step,
    });
  };
  const use = (tensor: GraphTensor, step: number): void => {
    const root = stored(tensor);
    if (root.origin.kind === 'constant' && !lifetimes.has(root)) begin(root, step);
    const lifetime = lifetimes.get(root);
    if (lifetime !== undefined) lifetime.until = step;
  };

  for (const leaf of leaves) if (leaf.origin.kind === 'input') begin(leaf, 0);
  for (const node of nodes) {
    for (const tensor of Object.values(node.inputs)) use(tensor, node.index);
    for (const tensor of node.outputs) {
      if (views.has(node.kernel)) storage.set(tensor, stored(Object.values(node.inputs)[0]!));
      else begin(tensor, node.index);
    }
  }
  const end = Math.max(0, nodes.length - 1);
  for (const { tensor } of outputs) use(tensor, end);
  return peak([...lifetimes.values()], end + 1);
}

function peak(lifetimes: readonly Lifetime[], steps: number): number {
  const change = new Array<number>(steps + 1).fill(0);
  for (const { bytes, from, until } of lifetimes) {
    change[from]! += bytes;
    change[until + 1]! -= bytes;
  }
  let [now, most] = [0, 0];
  for (const bytes of change) {
    now += bytes;
    most = Math.max(most, now);
  }
  return most;
}
