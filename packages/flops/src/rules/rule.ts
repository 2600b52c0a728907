import { sizeOf, type Work } from '@sshn/ops';
import type { GraphNode, GraphTensor } from '@sshn/trace';

export { sizeOf, type Work };

/** The work of a node, or 'free' for kernels that only move, copy or make elements and are left out on purpose. */
export type FlopRule = 'free' | ((node: GraphNode) => Work);

/** Rules by kernel. */
export type RuleTable = { readonly [kernel: string]: FlopRule };

/** One rule for many kernels. */
export function rulesFor(kernels: readonly string[], rule: FlopRule): RuleTable {
  return Object.fromEntries(kernels.map((kernel) => [kernel, rule]));
}

export function product(factors: readonly number[]): number {
  return factors.reduce((result, n) => result * n, 1);
}

/** An input that the kernel cannot run without. */
export function input({ kernel, inputs }: GraphNode, name: string): GraphTensor {
  const tensor = inputs[name];
  if (tensor === undefined)
    throw new TypeError(`internal: kernel '${kernel}' ran without its input '${name}'`);
  return tensor;
}

/** The first output. */
export function output({ outputs }: GraphNode): GraphTensor {
  return outputs[0]!;
}

/** A bias and an activation that a kernel applies in the same pass: one operation per output element each. */
export function fusedWork(node: GraphNode): number {
  const { activation = 'linear' } = node.attributes;
  const passes = (node.inputs.bias === undefined ? 0 : 1) + (activation === 'linear' ? 0 : 1);
  return passes * sizeOf(output(node));
}
