import type { Graph, GraphNode } from '@sshn/trace';
import { flopRule } from '../rules/registry.js';
import type { Cost, UncountedKernel } from './report.js';

/** A node with its cost. */
export interface MeasuredNode extends Cost {
  readonly node: GraphNode;
}

/** The cost of every node that has one, and the kernels without. */
export function measure({ nodes }: Graph): {
  counted: MeasuredNode[];
  ignored: UncountedKernel[];
  unknown: UncountedKernel[];
} {
  const counted: MeasuredNode[] = [];
  const ignored = new Tally();
  const unknown = new Tally();
  for (const node of nodes) {
    const rule = flopRule(node.kernel);
    if (rule === undefined) unknown.add(node);
    else if (rule === 'free') ignored.add(node);
    else {
      const { macs = 0, elementwise = 0 } = rule(node);
      counted.push({ node, macs, flops: 2 * macs + elementwise });
    }
  }
  return { counted, ignored: ignored.rows(), unknown: unknown.rows() };
}

/** Runs by kernel. */
class Tally {
  readonly #calls = new Map<string, { calls: number; modules: Set<string> }>();

  add({ kernel, scope }: GraphNode): void {
    const entry = this.#calls.get(kernel) ?? { calls: 0, modules: new Set() };
    entry.calls++;
    entry.modules.add(scope);
    this.#calls.set(kernel, entry);
  }

  rows(): UncountedKernel[] {
    return [...this.#calls].map(([kernel, { calls, modules }]) => ({ kernel, calls, modules: [...modules] }));
  }
}
