import type { Work } from '@sshn/ops';
import { type GraphNode, workOf } from '@sshn/trace';

/** The work of a node, or 'free' for kernels that only move, copy or make elements and are left out on purpose. */
export type FlopRule = 'free' | ((node: GraphNode) => Work);

/** Rules that were added; those of tfjs and of @sshn/ops stand beside their shapes in @sshn/trace. */
const added = new Map<string, FlopRule>();

/**
 * Sets what a kernel costs: a kernel of your own, or one that you want to count otherwise. Replaces the rule that was there.
 *
 * @param rule The work of one node, or 'free' to leave the kernel out on purpose.
 * @example
 * registerFlopRule('Mish', ({ outputs: [y] }) => ({ elementwise: 3 * util.sizeFromShape([...y!.shape]) }));
 * registerFlopRule('FusedBatchNorm', 'free');    // folded into the convolution before it
 */
export function registerFlopRule(kernel: string, rule: FlopRule): void {
  added.set(kernel, rule);
}

/** What a node computes; undefined where no rule says it. */
export function workByRule(node: GraphNode): Work | 'free' | undefined {
  const rule = added.get(node.kernel);
  return typeof rule === 'function' ? rule(node) : (rule ?? workOf(node));
}
